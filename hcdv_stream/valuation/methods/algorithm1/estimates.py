"""Eq. 13: one level's game by T random permutations.

Costs, for K players: ``shared`` K + T(K − 2) + 1 evaluations, below the T·K of Eq. 17; ``own``
2T·K + K, which is the paper's "2T calls" a coalition and the stand-alone worths of Eq. 14.
"""

from typing import NamedTuple

import numpy as np

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.games.permutations import Design, Orders, Sampling, design
from hcdv_stream.valuation.methods.algorithm1.interpretation import Draws
from hcdv_stream.valuation.methods.utility import Membership, Utility


class LevelEstimate(NamedTuple):
    """ψ̂ (K,), its variance as an estimate (K,), v({j}) (K,), and how many coalitions it took."""

    psi: Floats
    variance: Floats
    standalone: Floats
    evaluations: int


def estimate(
    game: Utility, nobody: float, permutations: int, draws: Draws, seed: tuple[int, ...]
) -> LevelEstimate:
    """Play a game whose empty coalition is worth ``nobody``; a function of its arguments.

    ``permutations`` is T, rounded up to an even number of at least 4. Raises ValueError below 1.
    """
    if permutations < 1:
        raise ValueError(f"permutations must be at least 1, got {permutations}")
    rounds = max(4, permutations + permutations % 2)
    generator = np.random.default_rng(seed)
    if draws == "own":
        return _own(game, rounds, generator)
    plan: Design = design(game.players, rounds, seed)
    if draws == "shared" and game.players > 1:
        plan = Sampling(independent(game.players, rounds, generator))
    worth = game(plan.membership) - nobody
    psi, variance = plan.shapley(worth)
    return LevelEstimate(psi, variance, plan.singles(worth) + nobody, len(worth))


def independent(players: int, count: int, generator: np.random.Generator) -> Orders:
    """Draw ``count`` uniformly random orders, (count, players).

    Any pairing of them serves as the pairs of ``Sampling``.
    """
    return np.argsort(generator.random((count, players)), axis=1)


def _own(game: Utility, rounds: int, generator: np.random.Generator) -> LevelEstimate:
    players = game.players
    shape = (players * rounds, players)
    arrivals = generator.random(shape)
    own = np.repeat(np.arange(players), rounds)
    before: Membership = arrivals < np.take_along_axis(arrivals, own[:, None], axis=1)
    after = before.copy()
    after[np.arange(len(own)), own] = True
    worth = game(np.concatenate([before, after, np.eye(players, dtype=np.bool_)]))
    gains = (worth[len(own) : 2 * len(own)] - worth[: len(own)]).reshape(players, rounds)
    variance: Floats = gains.var(axis=1, ddof=1) / rounds
    return LevelEstimate(gains.mean(axis=1), variance, worth[2 * len(own) :], len(worth))
