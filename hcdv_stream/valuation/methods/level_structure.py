"""The level-structure value (Owen 1977, Winter 1989): the hierarchy, and all that is outside it.

An example is worth what it adds to those before it, averaged over the orders in which every
coalition of every level arrives without interruption. So a leaf's examples are evaluated beside a
context, the coalitions that came before, where Algorithm 1's local game shows them nothing but each
other, and nothing is rescaled: along an order marginals telescope to v(D) − v(∅), however few are
drawn. A coalition's value is the sum of its examples'.

A sampler for ``sampling.run``: a round draws a few orders and walks them leaf by leaf, the prefixes
of a leaf sharing one context. T orders cost T·n evaluations.

**Variance.** The first examples of an order move v most: a marginal is as large as the context is
small. Two controls, which combine:

* ``orders``: ``independent`` ones; ``antithetic``, each with its reverse; ``stratified``, every
  child's arrival among its siblings falling once into each of as many strata of time as a round
  has orders (a Latin hypercube), so that each sees early and late contexts alike. Every order is
  uniform by itself, so all three are unbiased.
* ``minimum``: the first part of an order, this share of the examples, arrives at once and shares
  what it brings equally. That is no longer the Owen–Winter value, but no model is then trained on
  next to nothing; telescoping, symmetry and the cost stay as they are or better.

``spread_by_context`` measures where the variance comes from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.games.permutations import Orders
from hcdv_stream.valuation.methods.blocks import among, examples
from hcdv_stream.valuation.methods.levels import Integers, Levels
from hcdv_stream.valuation.methods.sampling.run import Ends, Parameter
from hcdv_stream.valuation.methods.sampling.tally import Tally
from hcdv_stream.valuation.methods.utility import Utility

OrderRule = Literal["independent", "antithetic", "stratified"]


@dataclass(frozen=True)
class OwenSampler:
    """Samples the level-structure value: marginals over orders that keep coalitions together.

    Antithetic orders come in pairs and are rounded up to them. A round's mean is one observation of
    every example, so standard errors need two rounds.

    Parameters
    ----------
    levels : Levels
        The hierarchy.
    orders : {"stratified", "antithetic", "independent"}, default="stratified"
        How the orders of a round depend on each other.
    minimum : float, default=0.0
        The share of an order, below 1, that arrives at once and shares equally what it brings.
    batch : int, default=8
        Orders that make a round, at least 1.
    name : str, default="owen"
        The method's name, for provenance.

    Raises
    ------
    ValueError
        If ``minimum`` or ``batch`` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from hcdv_stream.methods import CoalitionGame, Levels, OwenSampler, Rounds, run
    >>> levels = Levels(np.array([[0, 0, 1]]))
    >>> game = CoalitionGame(3, lambda members: members @ [1.0, 2.0, 4.0])
    >>> run(OwenSampler(levels), game, Rounds(1)).values.tolist()
    [1.0, 2.0, 4.0]

    """

    levels: Levels
    orders: OrderRule = "stratified"
    minimum: float = 0.0
    batch: int = 8
    name: str = "owen"

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise ValueError(f"batch must be at least 1, got {self.batch}")
        if not 0.0 <= self.minimum < 1.0:
            raise ValueError(f"minimum must be a share in [0, 1), got {self.minimum}")

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        return {
            "levels": self.levels.described,
            "orders": self.orders,
            "minimum": self.minimum,
            "batch": self.batch,
        }

    @property
    def arms(self) -> int:
        return 1

    def players(self, utility: Utility) -> int:
        """Return how many players are valued.

        Parameters
        ----------
        utility : Utility
            The game.

        Returns
        -------
        int

        Raises
        ------
        ValueError
            If the levels have another number of examples.

        """
        return self.levels.checked(utility.players)

    def round(
        self, utility: Utility, ends: Ends, generator: np.random.Generator
    ) -> tuple[Tally, int]:
        """Draw the orders and average the marginals along them.

        Parameters
        ----------
        utility : Utility
            The game of n players.
        ends : Ends
            v(empty) and v(N).
        generator : numpy.random.Generator
            Makes every draw.

        Returns
        -------
        Tally
            What was seen of each player.
        int
            How many coalitions were asked for.

        """
        self.players(utility)
        orders = consistent_orders(self.levels, self.batch, self.orders, generator)
        gains = np.empty(orders.shape)
        asked = 0
        for row, order in enumerate(orders):
            along, took = worth_along(utility, self.levels, order, ends, self.minimum)
            gains[row, order] = np.diff(along)
            asked += took
        return Tally.of_terms(gains.mean(axis=0, keepdims=True)), asked


def consistent_orders(
    levels: Levels, count: int, rule: OrderRule, generator: np.random.Generator
) -> Orders:
    """Draw orders of the examples, (count, n), that never interrupt a coalition.

    Each is uniform among all such; see the module for how they depend on each other.
    """
    count += count % 2 if rule == "antithetic" else 0
    keys: list[Floats] = []
    for level in range(1, levels.depth + 1):
        times = _arrivals(count, levels.size(level), rule, generator)
        keys.append(times[:, levels.coalitions(level)])
    keys.append(_arrivals(count, levels.examples, rule, generator))
    return np.lexsort(keys[::-1], axis=1)


def _arrivals(count: int, players: int, rule: OrderRule, generator: np.random.Generator) -> Floats:
    """Draw arrival times in [0, 1], (count, players)."""
    if rule == "antithetic":
        times = generator.random((count // 2, players))
        return np.concatenate([times, 1.0 - times])
    times = generator.random((count, players))
    if rule == "stratified":
        strata = np.argsort(generator.random((count, players)), axis=0)
        times = (strata + times) / count
    return times


def worth_along(
    utility: Utility, levels: Levels, order: Integers, ends: Ends, minimum: float = 0.0
) -> tuple[Floats, int]:
    """Return the worth of every prefix of a consistent order, (n + 1,), and what it took.

    The first ``minimum`` of the examples are taken to bring equal parts of what they bring
    together.
    """
    n = len(order)
    together = int(np.ceil(minimum * n))
    along = np.empty(n + 1)
    leaves = levels.coalitions(levels.depth)[order]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(leaves)) + 1, [n]]).tolist()
    asked = 0
    for start, stop in pairwise(starts):
        sizes = np.arange(max(start + 1, together), min(stop, n - 1) + 1)
        if len(sizes):
            game = among(utility, examples(order[start:stop]), order[:start])
            along[sizes] = game(np.arange(start, stop) < sizes[:, None])
            asked += len(sizes)
    along[0], along[n] = ends.nobody, ends.everybody
    along[: together + 1] = np.linspace(along[0], along[together], together + 1)
    return along, asked


def spread_by_context(
    utility: Utility, levels: Levels, orders: int, seed: int = 0, bins: int = 10
) -> Floats:
    """Return the variance of marginals by the share of examples that came before.

    Parameters
    ----------
    utility : Utility
        The game of n examples.
    levels : Levels
        The hierarchy.
    orders : int
        How many independent orders are drawn.
    seed : int, default=0
        Decides the orders.
    bins : int, default=10
        How many bins of equal width the shares fall into.

    Returns
    -------
    ndarray of shape (bins,)
        NaN for a bin that no example fell into.

    Examples
    --------
    >>> import numpy as np
    >>> from hcdv_stream.methods import CoalitionGame, Levels, spread_by_context
    >>> levels = Levels(np.array([[0, 0, 1]]))
    >>> game = CoalitionGame(3, lambda members: members @ [1.0, 2.0, 4.0])
    >>> spread_by_context(game, levels, orders=4, bins=1).round(3).tolist()  # of 1, 2 and 4
    [1.556]

    """
    whole = np.zeros((2, utility.players), np.bool_)
    whole[1] = True
    ends = Ends(*utility(whole).tolist())
    generator = np.random.default_rng(seed)
    gains = [
        np.diff(worth_along(utility, levels, order, ends)[0])
        for order in consistent_orders(levels, orders, "independent", generator)
    ]
    place = np.arange(utility.players) * bins // max(utility.players, 1)
    stacked = np.stack(gains)
    parts = [stacked[:, place == part] for part in range(bins)]
    return np.array([part.var() if part.size else np.nan for part in parts])
