"""What a corpus is worth under one choice of weights: one class of values for each game."""

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.games.pots import Pots, coalition_pots, example_values
from hcdv_stream.valuation.games.routed_weights import RoutedWeights
from hcdv_stream.valuation.state import EngineState
from hcdv_stream.valuation.tree.leaf import Leaf, Node
from hcdv_stream.valuation.tree.sketch import Counts


class Values(Protocol):
    """Values of n examples, each column computed when first asked for."""

    @property
    def value(self) -> Floats:
        """φ, (n,)."""

    @property
    def stderr(self) -> Floats:
        """Its standard error, (n,)."""

    @property
    def evaluated(self) -> Floats:
        """φ without the contrast, (n,): what evaluators alone say; φ where no game tells it."""


class MappedValues:
    """Values whose columns (n,) are made from others', each when first asked for."""

    def __init__(self, values: Values, change: Callable[[Floats], Floats]) -> None:
        self._values = values
        self._change = change

    @cached_property
    def value(self) -> Floats:
        """From φ."""
        return self._change(self._values.value)

    @cached_property
    def stderr(self) -> Floats:
        """From its standard error."""
        return self._change(self._values.stderr)

    @cached_property
    def evaluated(self) -> Floats:
        """From φ without the contrast."""
        return self._change(self._values.evaluated)


class ValueAndStderr(NamedTuple):
    """Of a coalition: ``value``, the sum of its examples' φ, and its standard error ``stderr``."""

    value: float
    stderr: float


class StateValues(Protocol):
    """The values of everything in one state, under one choice of weights."""

    def examples(self) -> Values:
        """All examples, leaf by leaf in the order of their ids."""

    def leaf(self, leaf: Leaf) -> Values:
        """Return the examples of one leaf: the same bits as in ``examples``."""

    def coalition(self, coalition: Leaf | Node) -> ValueAndStderr:
        """A leaf or a node as a whole."""

    def total(self) -> float:
        """v(D) − v(∅), reached without any Shapley value."""


def residual(values: StateValues) -> float:
    """|Σ φ − (v(D) − v(∅))|: 0 to rounding, since both games are efficient."""
    return abs(math.fsum(values.examples().value) - values.total())


class RoutedValues:
    """Weighs the components of some leaves' examples, leaf by leaf."""

    def __init__(self, weights: RoutedWeights, leaves: Sequence[Leaf]) -> None:
        self._weights = weights
        self._leaves = leaves

    @cached_property
    def value(self) -> Floats:
        """φ, (n,)."""
        examples = [leaf.examples for leaf in self._leaves]
        labels = np.concatenate([each.labels for each in examples])
        embeddings = np.concatenate([each.embeddings for each in examples])
        return self._weights.examples(self._integers("components"), labels, embeddings)

    @cached_property
    def stderr(self) -> Floats:
        """Its standard error over draws of V and of the other examples, (n,)."""
        return self._weights.stderr(self._integers("components"), self._integers("moments"))

    @cached_property
    def evaluator_stderr(self) -> Floats:
        """The part of it that is due to who evaluates, (n,); the rest is due to who competes."""
        integers = self._integers("components"), self._integers("moments")
        return np.sqrt(self._weights.evaluator_variance(*integers))

    @cached_property
    def evaluated(self) -> Floats:
        """φ without the contrast, (n,)."""
        return self._weights.evaluated(self._integers("components"))

    def _integers(self, name: str) -> Counts:
        parts = [leaf.outcome[name].astype(np.int64, copy=False) for leaf in self._leaves]
        return np.concatenate(parts)


class RoutedStateValues:
    """Reads the components of the ``routed`` game."""

    def __init__(self, state: EngineState, weights: RoutedWeights) -> None:
        self._state = state
        self.weights = weights

    def examples(self) -> RoutedValues:
        """All examples, leaf by leaf in the order of their ids."""
        leaves = [self._state.leaves[leaf] for leaf in sorted(self._state.leaves)]
        return RoutedValues(self.weights, leaves)

    def leaf(self, leaf: Leaf) -> RoutedValues:
        """Return the examples of one leaf: the same bits as in ``examples``."""
        return RoutedValues(self.weights, [leaf])

    def coalition(self, coalition: Leaf | Node) -> ValueAndStderr:
        """Read from the coalition's sums alone."""
        sketch = coalition.sketch
        return ValueAndStderr(self.weights.coalition(sketch), self.weights.coalition_stderr(sketch))

    def total(self) -> float:
        """From utilities and class sums: see ``RoutedWeights.total``."""
        return self.weights.total()


class PrintedValues(NamedTuple):
    """Parts of pots: the contrast was played with the rest, so nothing is told apart."""

    value: Floats
    stderr: Floats

    @property
    def evaluated(self) -> Floats:
        """φ, as it is."""
        return self.value


class PrintedStateValues:
    """Divides the pots of ``algorithm1``, whose weights were fixed when it was played."""

    def __init__(self, state: EngineState) -> None:
        self._state = state

    @cached_property
    def _values(self) -> dict[int, tuple[Floats, Floats]]:
        return example_values(self._state)

    def examples(self) -> Values:
        """All examples, leaf by leaf in the order of their ids."""
        parts = [self._values[leaf] for leaf in sorted(self._values)]
        return PrintedValues(
            np.concatenate([value for value, _ in parts]),
            np.concatenate([stderr for _, stderr in parts]),
        )

    def leaf(self, leaf: Leaf) -> Values:
        """Return the examples of one leaf: the same bits as in ``examples``."""
        return PrintedValues(*self._values[leaf.id])

    def coalition(self, coalition: Leaf | Node) -> ValueAndStderr:
        """Return the coalition's pot."""
        pots = self._pots.leaves if isinstance(coalition, Leaf) else self._pots.nodes
        pot = pots[coalition.id]
        return ValueAndStderr(pot.value, math.sqrt(pot.variance))

    def total(self) -> float:
        """Return the root's pot, v(D)."""
        return self._pots.nodes[self._state.header.root].value

    @cached_property
    def _pots(self) -> Pots:
        return coalition_pots(self._state)
