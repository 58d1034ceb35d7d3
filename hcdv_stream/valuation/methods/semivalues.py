"""The family that Shapley, Banzhaf and Beta-Shapley values belong to, and its exact members.

A semivalue of player i is the mean of v(S ∪ i) − v(S) over coalitions S of the others, whose size
s is drawn from a law p on 0 … n − 1 and whose members are then drawn uniformly. Shapley: p uniform.
Banzhaf: p binomial(n − 1, ½), every S equally likely. Beta(α, β)-Shapley (Kwon and Zou, AISTATS
2022, eq. 5): p beta-binomial, which for α > β prefers small coalitions.
"""

from collections.abc import Callable
from math import lgamma

import numpy as np

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.games.permutations import Enumeration
from hcdv_stream.valuation.methods.utility import Utility

SizeLaw = Callable[[int], Floats]
"""From n the probabilities p (n,) of how many others came before."""

MOST_EXACT = 20
"""Players up to which all subsets are asked for: a million."""


def shapley_sizes(players: int) -> Floats:
    """Every size equally likely."""
    return np.full(players, 1.0 / players)


def banzhaf_sizes(players: int) -> Floats:
    """Every coalition equally likely."""
    others = players - 1
    logs = [_log_ways(others, size) - others * np.log(2.0) for size in range(players)]
    return _from_logs(logs)


def beta_sizes(alpha: float, beta: float) -> SizeLaw:
    """Return the law of Beta(α, β)-Shapley; (1, 1) is Shapley's. Raises ValueError unless > 0."""
    if not (alpha > 0 and beta > 0):
        raise ValueError(f"alpha and beta must be above 0, got {alpha} and {beta}")

    def sizes(players: int) -> Floats:
        others = players - 1
        whole = _log_beta(beta, alpha)
        logs = [
            _log_ways(others, size) + _log_beta(size + beta, others - size + alpha) - whole
            for size in range(players)
        ]
        return _from_logs(logs)

    return sizes


def exact(utility: Utility, law: SizeLaw = shapley_sizes) -> Floats:
    """Return a semivalue by asking for all 2^n coalitions.

    Parameters
    ----------
    utility : Utility
        The game, of at most 20 players.
    law : callable, default=shapley_sizes
        Gets n and returns the probability of how many others came before, (n,).

    Returns
    -------
    ndarray of shape (n,)

    Raises
    ------
    ValueError
        If there are too many players.

    Examples
    --------
    >>> from hcdv_stream.methods import CoalitionGame, exact
    >>> glove = CoalitionGame(3, lambda members: 1.0 * (members[:, 0] & members[:, 1:].any(axis=1)))
    >>> exact(glove).round(3).tolist()
    [0.667, 0.167, 0.167]

    """
    players = utility.players
    if players > MOST_EXACT:
        raise ValueError(
            f"{players} players have too many coalitions to enumerate; at most {MOST_EXACT}"
        )
    everyone = Enumeration(players)
    nobody = utility(np.zeros((1, players), np.bool_))[0]
    return everyone.semivalue(utility(everyone.membership) - nobody, law(players))


def _from_logs(logs: list[float]) -> Floats:
    probabilities: Floats = np.exp(np.array(logs, np.float64))
    return probabilities


def _log_ways(others: int, size: int) -> float:
    return lgamma(others + 1) - lgamma(size + 1) - lgamma(others - size + 1)


def _log_beta(first: float, second: float) -> float:
    return lgamma(first) + lgamma(second) - lgamma(first + second)
