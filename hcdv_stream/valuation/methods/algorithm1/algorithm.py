"""Algorithm 1, lines 4 to 29: from the root surplus down to the examples.

Line 13 says to compute exact Shapley values in a leaf and not whether they are brought to the
leaf's credit; Eq. 23 gives the leaf's allocation the leaf's total mass, so they are. A value's
error is the spread of T permutations, level by level (``pots`` has the formula); a leaf that is
enumerated adds none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.games.pots import Pot
from hcdv_stream.valuation.methods.algorithm1.budgets import credits, omega, rescaled
from hcdv_stream.valuation.methods.algorithm1.estimates import LevelEstimate, estimate
from hcdv_stream.valuation.methods.algorithm1.interpretation import Interpretation
from hcdv_stream.valuation.methods.blocks import Rows, among, examples
from hcdv_stream.valuation.methods.levels import Levels, groups
from hcdv_stream.valuation.methods.semivalues import exact
from hcdv_stream.valuation.methods.utility import Utility

LeafValues = Callable[[Rows], Floats]
"""Exact Shapley values (m,) of the game among some examples alone, where it has a closed form."""

MOST_EXACT = 12
"""Examples of a leaf up to which ``exact`` enumerates: 4,096 coalitions."""


class Level(NamedTuple):
    """What happened at one level, (K_ℓ,) each.

    ``psi`` Eq. 13 before line 9, ``budget`` Eq. 15, ``credit`` after line 9, ``variance`` of it.
    """

    psi: Floats
    budget: Floats
    credit: Floats
    variance: Floats


@dataclass(frozen=True, slots=True)
class Algorithm1Values:
    """``values`` φ (n,) and their standard errors; ``surplus`` is B_0 = v(D) − v(∅).

    ``evaluations`` counts the coalitions asked for at the levels, ``leaf_evaluations`` in leaves.
    """

    values: Floats
    stderr: Floats
    surplus: float
    levels: tuple[Level, ...]
    evaluations: int
    leaf_evaluations: int


def algorithm_1(
    utility: Utility,
    levels: Levels,
    *,
    permutations: int = 256,
    leaf_size: int = 64,
    interpretation: Interpretation | None = None,
    leaf_values: LeafValues | None = None,
    seed: int = 0,
) -> Algorithm1Values:
    """Value the players of a game by Algorithm 1.

    Parameters
    ----------
    utility : Utility
        The game.
    levels : Levels
        The hierarchy of its players.
    permutations : int, default=256
        T, the orders that each game is sampled with.
    leaf_size : int, default=64
        M: a larger leaf is split equally.
    interpretation : Interpretation, optional
        What the text leaves open.
    leaf_values : callable, optional
        Returns exact values in a leaf of at most M players, instead of enumeration.
    seed : int, default=0
        Decides every draw.

    Returns
    -------
    Algorithm1Values

    Raises
    ------
    ValueError
        If the utility does not have the levels' players, or a leaf is too large to enumerate and
        there are no ``leaf_values``.

    Examples
    --------
    >>> import numpy as np
    >>> from hcdv_stream.methods import CoalitionGame, Levels, algorithm_1
    >>> game = CoalitionGame(4, lambda members: members @ [1.0, 2.0, 3.0, 4.0])
    >>> algorithm_1(game, Levels(np.array([[0, 0, 1, 1]]))).values.round(9).tolist()
    [1.0, 2.0, 3.0, 4.0]

    """
    levels.checked(utility.players)
    chosen = interpretation or Interpretation()
    return _Run(utility, levels, permutations, leaf_size, chosen, seed).valued(leaf_values)


@dataclass(slots=True)
class _Run:
    utility: Utility
    levels: Levels
    permutations: int
    leaf_size: int
    interpretation: Interpretation
    seed: int
    evaluations: int = 2
    leaf_evaluations: int = 0
    nobody: float = 0.0

    def valued(self, leaf_values: LeafValues | None) -> Algorithm1Values:
        ends = np.zeros((2, self.utility.players), np.bool_)
        ends[1] = True
        self.nobody, everybody = self.utility(ends).tolist()
        surplus = everybody - self.nobody
        root, zero = np.array([surplus]), np.zeros(1)
        done = [Level(root, root, root, zero)]
        for level in range(1, self.levels.depth + 1):
            done.append(self._level(level, done[-1]))
        values, variances = self._leaves(done[-1], leaf_values)
        return Algorithm1Values(
            values,
            np.sqrt(variances),
            surplus,
            tuple(done),
            self.evaluations,
            self.leaf_evaluations,
        )

    def _level(self, level: int, above: Level) -> Level:
        """Lines 6 to 9, and lines 20 to 27 of the level above."""
        parents, members = self.levels.parents(level), self.levels.members(level)
        families = groups(parents)
        whole = [np.arange(len(members))]
        played = self._play(members, families if self._siblings else whole, level)
        parts = np.empty(len(members))
        sizes = np.array([len(rows) for rows in members], dtype=np.float64)
        for family in families:
            parts[family] = omega(played.standalone[family], sizes[family])
        budget = parts * above.credit[parents]
        credit, variance = np.empty(len(members)), np.empty(len(members))
        for own in families if self.interpretation.scope == "parent" else whole:
            if self.interpretation.scope == "parent":
                parent = parents[own[0]]
                pot, weights = Pot(above.credit[parent], above.variance[parent]), parts[own]
            else:
                pot, weights = Pot(float(budget.sum()), 0.0), _parts(budget[own], sizes[own])
            some = LevelEstimate(played.psi[own], played.variance[own], played.standalone[own], 0)
            credit[own], variance[own] = credits(
                pot, weights, some, self.interpretation.omega, self.interpretation.unscalable
            )
        return Level(played.psi, budget, credit, variance)

    @property
    def _siblings(self) -> bool:
        return self.interpretation.players == "siblings"

    def _play(self, members: list[Rows], games: list[Rows], level: int) -> LevelEstimate:
        """Eq. 13 for every game of a level, each among some of its coalitions."""
        psi, variance, standalone = (np.empty(len(members)) for _ in range(3))
        for number, players in enumerate(games):
            found = estimate(
                among(self.utility, [members[player] for player in players]),
                self.nobody,
                self.permutations,
                self.interpretation.draws,
                (self.seed, level, number),
            )
            psi[players], variance[players], standalone[players] = found[:3]
            self.evaluations += found.evaluations
        return LevelEstimate(psi, variance, standalone, 0)

    def _leaves(self, last: Level, leaf_values: LeafValues | None) -> tuple[Floats, Floats]:
        """Lines 11 to 17."""
        values, variances = np.empty(self.levels.examples), np.empty(self.levels.examples)
        for leaf, rows in enumerate(self.levels.members(self.levels.depth)):
            pot = Pot(float(last.credit[leaf]), float(last.variance[leaf]))
            equal = np.full(len(rows), 1.0 / len(rows))
            psi, spread = equal, np.zeros(len(rows))
            if len(rows) <= self.leaf_size and self.interpretation.leaf != "uniform":
                psi, spread = self._leaf(rows, leaf, leaf_values)
            values[rows], variances[rows] = rescaled(
                pot, psi, spread, equal, self.interpretation.unscalable
            )
        return values, variances

    def _leaf(self, rows: Rows, leaf: int, leaf_values: LeafValues | None) -> tuple[Floats, Floats]:
        if leaf_values is not None and self.interpretation.leaf == "exact":
            return leaf_values(rows), np.zeros(len(rows))
        game = among(self.utility, examples(rows))
        if self.interpretation.leaf == "sampled":
            seed = (self.seed, self.levels.depth + 1, leaf)
            found = estimate(game, self.nobody, self.permutations, self.interpretation.draws, seed)
            self.leaf_evaluations += found.evaluations
            return found.psi, found.variance
        if len(rows) > MOST_EXACT:
            raise ValueError(
                f"a leaf of {len(rows)} examples has too many coalitions to enumerate; make leaves "
                f"of at most {MOST_EXACT}, give leaf_values, or read leaf as 'sampled' or 'uniform'"
            )
        self.leaf_evaluations += 2 ** len(rows)
        return exact(game), np.zeros(len(rows))


def _parts(budget: Floats, sizes: Floats) -> Floats:
    """Return what part of a whole level's pot each budget is; by size where they cancel out."""
    total = float(budget.sum())
    parts: Floats = budget / total if total > 0.0 else sizes / sizes.sum()
    return parts
