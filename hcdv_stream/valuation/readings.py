"""What a corpus is worth under one choice of weights: one way of reading for each game."""

import math
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.delta import EngineState
from hcdv_stream.valuation.leaf import Leaf, Node
from hcdv_stream.valuation.pots import Pots, coalition_pots, point_values
from hcdv_stream.valuation.routed_values import RoutedWeights
from hcdv_stream.valuation.sketch import Counts

Floats = npt.NDArray[np.float64]


class Values(NamedTuple):
    """Per point: ``value`` φ (n,) and its standard error ``error`` (n,)."""

    value: Floats
    error: Floats


class Worth(NamedTuple):
    """Of a coalition: ``value``, the sum of its points' φ, and its standard error ``error``."""

    value: float
    error: float


class Reading(Protocol):
    """The values of everything in one state, under one choice of weights."""

    def points(self) -> Values:
        """All points, leaf by leaf in the order of their ids."""

    def leaf(self, leaf: Leaf) -> Values:
        """Return the points of one leaf: the same bits as in ``points``."""

    def coalition(self, coalition: Leaf | Node) -> Worth:
        """A leaf or a node as a whole."""

    def total(self) -> float:
        """v(D) − v(∅), reached without any Shapley value."""

    @property
    def judged(self) -> "Reading":
        """The same without the contrast, what evaluators alone say; itself where there is none."""


def residual(reading: Reading) -> float:
    """|Σ φ − (v(D) − v(∅))|: 0 to rounding, since both games are efficient."""
    return abs(math.fsum(reading.points().value) - reading.total())


class RoutedReading:
    """Reads the components of the ``routed`` game."""

    def __init__(self, state: EngineState, weights: RoutedWeights) -> None:
        self._state = state
        self.weights = weights

    def points(self) -> Values:
        """All points, leaf by leaf in the order of their ids."""
        leaves = [self._state.leaves[leaf] for leaf in sorted(self._state.leaves)]
        components = np.concatenate([_integers(leaf, "components") for leaf in leaves])
        moments = np.concatenate([_integers(leaf, "moments") for leaf in leaves])
        labels = np.concatenate([leaf.points.labels for leaf in leaves])
        embeddings = np.concatenate([leaf.points.embeddings for leaf in leaves])
        return Values(
            self.weights.points(components, labels, embeddings),
            self.weights.errors(components, moments),
        )

    def leaf(self, leaf: Leaf) -> Values:
        """Return the points of one leaf: the same bits as in ``points``."""
        components = _integers(leaf, "components")
        points = leaf.points
        return Values(
            self.weights.points(components, points.labels, points.embeddings),
            self.weights.errors(components, _integers(leaf, "moments")),
        )

    def coalition(self, coalition: Leaf | Node) -> Worth:
        """Read from the coalition's sums alone."""
        sketch = coalition.sketch
        return Worth(self.weights.coalition(sketch), self.weights.coalition_error(sketch))

    def total(self) -> float:
        """From utilities and class sums: see ``RoutedWeights.total``."""
        return self.weights.total()

    @property
    def judged(self) -> Reading:
        """The same with λ = 0."""
        return RoutedReading(self._state, replace(self.weights, lam=0.0))


class PrintedReading:
    """Divides the pots of ``algorithm1``, whose weights were fixed when it was played."""

    def __init__(self, state: EngineState) -> None:
        self._state = state

    @cached_property
    def _values(self) -> dict[int, tuple[Floats, Floats]]:
        return point_values(self._state)

    def points(self) -> Values:
        """All points, leaf by leaf in the order of their ids."""
        parts = [self._values[leaf] for leaf in sorted(self._values)]
        return Values(
            np.concatenate([value for value, _ in parts]),
            np.concatenate([error for _, error in parts]),
        )

    def leaf(self, leaf: Leaf) -> Values:
        """Return the points of one leaf: the same bits as in ``points``."""
        return Values(*self._values[leaf.id])

    def coalition(self, coalition: Leaf | Node) -> Worth:
        """Return the coalition's pot."""
        pots = self._pots.leaves if isinstance(coalition, Leaf) else self._pots.nodes
        pot = pots[coalition.id]
        return Worth(pot.value, math.sqrt(pot.variance))

    def total(self) -> float:
        """Return the root's pot, v(D)."""
        return self._pots.nodes[self._state.header.root].value

    @property
    def judged(self) -> Reading:
        """Itself: the contrast was played with the rest."""
        return self

    @cached_property
    def _pots(self) -> Pots:
        return coalition_pots(self._state)


def _integers(leaf: Leaf, name: str) -> Counts:
    return leaf.outcome[name].astype(np.int64, copy=False)
