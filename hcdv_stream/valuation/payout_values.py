"""What a corpus is worth when it is paid for: the originals of each leaf, by V, less chance.

``games.payout_weights`` has the formula. A leaf without copies is read from its usual game; one
with copies was played once more without them.
"""

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.games.payout_weights import PayoutWeights
from hcdv_stream.valuation.state import EngineState
from hcdv_stream.valuation.tree.leaf import Leaf, Node
from hcdv_stream.valuation.tree.navigation import children_of
from hcdv_stream.valuation.tree.sketch import SQUARE_BITS, TRUSTED, UTILITY_BITS, Counts
from hcdv_stream.valuation.values import ValueAndStderr, Values


class PayoutValues:
    """Payout values of the examples of some leaves, leaf by leaf."""

    def __init__(self, weights: PayoutWeights, leaves: Sequence[Leaf]) -> None:
        self._weights = weights
        self._leaves = leaves

    @cached_property
    def value(self) -> Floats:
        """φ, (n,)."""
        return self._weights.weighed(self._sums)

    @cached_property
    def stderr(self) -> Floats:
        """Its standard error, (n,)."""
        moments = [_own(leaf, "moments") for leaf in self._leaves]
        squares = np.ldexp(np.concatenate(moments).astype(np.float64), -SQUARE_BITS)
        # Σ (x − b)² over the evaluators of the leaf, from Σ x² and Σ x
        shift, count = self._chance[:, None], self._evaluators
        squares += shift * (shift * count - 2.0 * self._raw)
        return np.sqrt(self._weights.variance(self._sums, squares))

    @property
    def evaluated(self) -> Floats:
        """φ, which has no contrast."""
        return self.value

    @cached_property
    def _raw(self) -> Floats:
        """Σ over the leaf's evaluators without chance, (n, C)."""
        components = [_own(leaf, "components") for leaf in self._leaves]
        return np.ldexp(np.concatenate(components).astype(np.float64), -UTILITY_BITS)

    @cached_property
    def _sums(self) -> Floats:
        """The same with chance, (n, C)."""
        return self._raw - self._chance[:, None] * self._evaluators

    @cached_property
    def _chance(self) -> Floats:
        """What chance gives each example with one evaluator, (n,)."""
        copies = np.concatenate([leaf.examples.copies for leaf in self._leaves])
        originals = np.array([originals_of(leaf) for leaf in self._leaves], np.int64)
        shares = self._weights.chance(originals) / np.maximum(originals, 1)
        return np.where(copies, 0.0, np.repeat(shares, self._sizes))

    @cached_property
    def _evaluators(self) -> Floats:
        """How many evaluators of each class the example's leaf has, (n, C)."""
        counts = np.array([leaf.sketch.evaluators[TRUSTED] for leaf in self._leaves], np.float64)
        return np.repeat(counts, self._sizes, axis=0)

    @cached_property
    def _sizes(self) -> list[int]:
        return [len(leaf.examples) for leaf in self._leaves]


class PayoutStateValues:
    """Reads the values of everything in one state that payouts go by."""

    def __init__(self, state: EngineState, weights: PayoutWeights) -> None:
        self._state = state
        self.weights = weights

    def examples(self) -> Values:
        """All examples, leaf by leaf in the order of their ids."""
        leaves = [self._state.leaves[leaf] for leaf in sorted(self._state.leaves)]
        return PayoutValues(self.weights, leaves)

    def leaf(self, leaf: Leaf) -> Values:
        """Return the examples of one leaf: the same bits as in ``examples``."""
        return PayoutValues(self.weights, [leaf])

    def coalition(self, coalition: Leaf | Node) -> ValueAndStderr:
        """A leaf from its utilities, a node from its leaves: no Shapley value is involved."""
        if isinstance(coalition, Leaf):
            value, variance = self._leaves[coalition.id]
        else:
            value, variance = self._nodes[coalition.id]
        return ValueAndStderr(value, math.sqrt(variance))

    def total(self) -> float:
        """v(D) − v(∅), from the utilities of all leaves."""
        return math.fsum(value for value, _ in self._leaves.values())

    @cached_property
    def _leaves(self) -> dict[int, tuple[float, float]]:
        """Value and variance of every leaf."""
        leaves = list(self._state.leaves.values())
        weights = self.weights
        evaluators = np.array([leaf.sketch.evaluators[TRUSTED] for leaf in leaves], np.float64)
        utilities = np.array([_utilities(leaf) for leaf in leaves])
        raw = np.ldexp(utilities[:, 0].astype(np.float64), -UTILITY_BITS)
        squares = np.ldexp(utilities[:, 1].astype(np.float64), -SQUARE_BITS)
        originals = np.array([originals_of(leaf) for leaf in leaves], np.int64)
        shift = weights.chance(originals)[:, None]
        sums = raw - shift * evaluators
        squares += shift * (shift * evaluators - 2.0 * raw)
        values, variances = weights.weighed(sums), weights.variance(sums, squares)
        pairs = zip(values.tolist(), variances.tolist(), strict=True)
        return dict(zip((leaf.id for leaf in leaves), pairs, strict=True))

    @cached_property
    def _nodes(self) -> dict[int, tuple[float, float]]:
        """The same of every node: leaves have no evaluator in common, so variances add up."""
        found: dict[int, tuple[float, float]] = {}
        for node in sorted(self._state.nodes.values(), key=lambda node: node.height):
            known = self._leaves if node.is_lowest else found
            parts = [known[child.id] for child in children_of(self._state, node)]
            found[node.id] = (
                math.fsum(value for value, _ in parts),
                math.fsum(variance for _, variance in parts),
            )
        return found


def originals_of(leaf: Leaf) -> int:
    """Count the examples of a leaf that are no copies."""
    copies = leaf.examples.copies
    return len(copies) - int(np.count_nonzero(copies))


def _own(leaf: Leaf, name: str) -> Counts:
    """Return a column (m, C) of the game of the leaf's originals."""
    played = leaf.outcome.get(f"original_{name}")
    column = leaf.outcome[name][:, TRUSTED] if played is None else played
    return column.astype(np.int64, copy=False)


def _utilities(leaf: Leaf) -> Counts:
    """Return the sums (2, C) of the evaluators' utilities and of their squares."""
    played = leaf.outcome.get("original_utilities")
    if played is None:
        return np.stack([leaf.sketch.utilities[TRUSTED], leaf.sketch.squares[TRUSTED]])
    return played.astype(np.int64, copy=False)
