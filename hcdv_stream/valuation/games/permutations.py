"""Which coalitions a game among few players scores, and the Shapley values that follow.

A design lists coalitions as rows of membership; whoever knows the characteristic function v scores
them, all at once, and the design turns the scores into Shapley values. ``Enumeration`` lists every
subset, exact; ``Sampling`` lists the prefixes of random permutations in antithetic pairs, an order
and its reverse (Mitchell et al. 2022, "Sampling permutations for Shapley value estimation"), whose
errors cancel in part. v(∅) is 0 and is never asked for. Marginal contributions along a permutation
telescope, so the estimates sum to v of all players, to rounding, however few are drawn.
"""

from dataclasses import dataclass
from math import comb
from typing import Protocol

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats

Orders = npt.NDArray[np.int64]
Membership = npt.NDArray[np.bool_]

MOST_ENUMERATED = 10
"""Players up to which all subsets are scored: 1,023, no dearer than 64 permutations of 16."""


class Design(Protocol):
    """A choice of coalitions among K players."""

    @property
    def membership(self) -> Membership:
        """The P coalitions to score, none of them empty, (P, K); the last is everybody."""

    def singles(self, worth: Floats) -> Floats:
        """Pick v({j}) of each player, (K,), out of the scores (P,)."""

    def shapley(self, worth: Floats) -> tuple[Floats, Floats]:
        """Return ψ̂ (K,) and the variance of each estimate (K,), from the scores (P,)."""


def design(players: int, permutations: int, seed: tuple[int, ...]) -> Design:
    """Choose the coalitions of a game: all subsets where there are few players, else a sample.

    ``permutations`` is T; it is rounded up to whole antithetic pairs, at least two, since one pair
    has no spread. The sample is a function of the arguments. Raises ValueError without players.
    """
    if players < 1:
        raise ValueError(f"a game needs at least 1 player, got {players}")
    if players <= MOST_ENUMERATED:
        return Enumeration(players)
    pairs = max(2, (permutations + 1) // 2)
    return Sampling(antithetic(players, pairs, np.random.default_rng(seed)))


@dataclass(frozen=True, slots=True)
class Enumeration:
    """Every subset; the bits of row + 1 say who is in it."""

    players: int

    @property
    def membership(self) -> Membership:
        subsets = np.arange(1, 2**self.players)
        return (subsets[:, None] >> np.arange(self.players) & 1).astype(np.bool_)

    def singles(self, worth: Floats) -> Floats:
        return worth[2 ** np.arange(self.players) - 1]

    def shapley(self, worth: Floats) -> tuple[Floats, Floats]:
        """Exact: ψ_j = Σ_S (|S|−1)! (K−|S|)! / K! · (v(S) − v(S∖j)) over the S that hold j."""
        uniform = np.full(self.players, 1.0 / self.players)
        return self.semivalue(worth, uniform), np.zeros(self.players)

    def semivalue(self, worth: Floats, sizes: Floats) -> Floats:
        """Exact, with ``sizes`` (K,) the probability of each number of others that came before."""
        everyone = np.concatenate([[0.0], worth])
        subsets = np.arange(2**self.players)
        counts = np.bitwise_count(subsets)
        ways = [comb(self.players - 1, size) for size in range(self.players)]
        weights = sizes / np.array(ways, dtype=np.float64)
        values = np.empty(self.players)
        for player in range(self.players):
            without = subsets[(subsets >> player & 1) == 0]
            gains = everyone[without | 1 << player] - everyone[without]
            values[player] = (weights[counts[without]] * gains).sum()
        return values


@dataclass(frozen=True, slots=True)
class Sampling:
    """Prefixes of permutations (T, K); row t + T/2 is row t reversed.

    Coalitions that permutations share are scored once: the K singles come first, then each
    permutation's prefixes of 2 to K − 1 players, then everybody.
    """

    orders: Orders

    @property
    def membership(self) -> Membership:
        count, players = self.orders.shape
        ranks = np.argsort(self.orders, axis=1)
        sizes = np.arange(2, players)
        inner = ranks[:, None, :] < sizes[:, None]
        parts = (
            np.eye(players, dtype=np.bool_),
            inner.reshape(count * len(sizes), players),
            np.ones((1, players), np.bool_),
        )
        return np.concatenate(parts)

    def singles(self, worth: Floats) -> Floats:
        return worth[: self.orders.shape[1]].copy()

    def shapley(self, worth: Floats) -> tuple[Floats, Floats]:
        """Mean marginal contributions; the variance is that of the mean over antithetic pairs."""
        count, players = self.orders.shape
        along = np.zeros((count, players + 1))
        along[:, 1] = worth[self.orders[:, 0]]
        along[:, 2:-1] = worth[players:-1].reshape(count, players - 2)
        along[:, -1] = worth[-1]
        gains = np.empty((count, players))
        np.put_along_axis(gains, self.orders, np.diff(along, axis=1), axis=1)
        pairs = (gains[: count // 2] + gains[count // 2 :]) / 2
        variance: Floats = pairs.var(axis=0, ddof=1) / len(pairs)
        return gains.mean(axis=0), variance


def antithetic(players: int, pairs: int, generator: np.random.Generator) -> Orders:
    """Draw ``pairs`` uniformly random orders and append their reverses: (2·pairs, players)."""
    orders = np.argsort(generator.random((pairs, players)), axis=1)
    return np.concatenate([orders, orders[:, ::-1]])
