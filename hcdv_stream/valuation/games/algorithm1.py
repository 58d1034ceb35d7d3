"""HCDV as printed, streaming: a game among the children of every node, one in every leaf.

A node's players are its children and v is the characteristic function on the whole of V, scored on
mergeable sketches (``characteristic``): all subsets where there are at most ten children, else T
permutations in antithetic pairs (``permutations``). A node that no update touches keeps its ψ̂.

A leaf's players are its examples. Its level's game is the literal one: exact k-NN Shapley values
(Jia et al. 2019) on the whole of V among the examples of this leaf alone, plus λ times the exact
Shapley values of the leaf's own Δ̄; the k-NN utility stands in for M because it has a closed form
at 64 examples, where enumerating a ridge model's 2^64 coalitions has none. A leaf above M examples,
which is an update that is not complete yet, is split uniformly.

The games give ψ̂ only; budgets and rescaling from the root down are the reader's (``pots``).
Nothing here sees where a coalition came from, so the leaf game has little signal by itself
(a flipped label looks like a rare example): ``routed`` is the default for that reason.
"""

from collections.abc import Sequence

import numpy as np

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.embedding.grid import cosines
from hcdv_stream.valuation.games.characteristic import Characteristic
from hcdv_stream.valuation.games.contrast import ContrastShapley
from hcdv_stream.valuation.games.game import Outcome, Seat
from hcdv_stream.valuation.games.grams import Grams, entries, gram_of
from hcdv_stream.valuation.games.knn import by_player, shapley_by_rank, sorted_keys, squared
from hcdv_stream.valuation.games.permutations import design
from hcdv_stream.valuation.tree.leaf import Leaf, LeafExamples, Node
from hcdv_stream.valuation.tree.sketch import SQUARE_BITS, UTILITY_BITS, Sketch
from hcdv_stream.valuation.validation import Validation


class PrintedGame:
    """Plays leaves and nodes.

    Outcome of a leaf with m examples: ``psi`` float64 (m,), ``variance`` float64 (m,) of each ψ as
    an estimate over a sample V, ``gram`` int64 (C, entries), its sketch (``grams``).
    Outcome of a node with K children: ``psi`` (K,), ``variance`` (K,) from the spread over
    antithetic pairs, 0 where enumerated, ``standalone`` (K,) v({child}), ``worth`` (1,) v(node),
    ``gram`` as a leaf's.
    """

    def __init__(self, config: EngineConfig, classes: int, validation: Validation) -> None:
        self._config = config
        self._classes = classes
        self._characteristic = Characteristic(validation, classes, config.contrast)
        order = np.argsort(validation.labels, kind="stable")
        self._trusted = validation.embeddings[order]
        self._trusted_labels = validation.labels[order]
        self._trusted_counts = validation.counts(classes)

    def play_leaves(self, seats: Sequence[Seat]) -> list[tuple[Outcome, Sketch]]:
        """Play leaves one by one: a leaf's evaluators by its examples already fill a cache."""
        return [self._play_leaf(seat.examples) for seat in seats]

    def play_node(self, node: Node, children: Sequence[Leaf | Node]) -> Outcome:
        """Play the game among children; one that was never played has no examples yet."""
        grams = np.stack([self._gram(child) for child in children])
        chosen = design(len(children), self._config.permutations, (self._config.seed, node.id))
        worth = self._characteristic.of_coalitions(chosen.membership, grams)
        values, variance = chosen.shapley(worth)
        return {
            "psi": values,
            "variance": variance,
            "standalone": chosen.singles(worth),
            "worth": worth[-1:].copy(),
            "gram": grams.sum(axis=0),
        }

    def _gram(self, child: Leaf | Node) -> Grams:
        if "gram" in child.outcome:
            return child.outcome["gram"].astype(np.int64, copy=False)
        return np.zeros((self._classes, entries(self._trusted.shape[1])), np.int64)

    def _play_leaf(self, examples: LeafExamples) -> tuple[Outcome, Sketch]:
        sketch = Sketch.of_examples(examples.embeddings, examples.labels, self._classes)
        if len(examples) <= self._config.leaf_size:
            values, variance = self._nearest_neighbours(examples)
            shapley = ContrastShapley.of(sketch.counts, sketch.embeddings)
            values += self._config.contrast * shapley.examples(examples.labels, examples.embeddings)
        else:
            values, variance = np.full(len(examples), 1.0 / len(examples)), np.zeros(len(examples))
        gram = gram_of(examples.embeddings, examples.labels, self._classes)
        return {"psi": values, "variance": variance, "gram": gram}, sketch

    def _nearest_neighbours(self, examples: LeafExamples) -> tuple[Floats, Floats]:
        """Shapley values on the whole of V, each class of V weighing the same, and variances."""
        matches = self._trusted_labels[:, None] == examples.labels
        keys = sorted_keys(cosines(self._trusted, examples.embeddings), matches)
        terms = by_player(shapley_by_rank(keys, self._config.neighbours), keys)
        squares = squared(terms)
        values, variance = np.zeros(len(examples)), np.zeros(len(examples))
        weight = 1.0 / max(int(np.count_nonzero(self._trusted_counts)), 1)
        stop = 0
        for count in self._trusted_counts.tolist():
            start, stop = stop, stop + count
            if count == 0:
                continue
            mean = np.ldexp(terms[start:stop].sum(axis=0).astype(np.float64), -UTILITY_BITS) / count
            square = np.ldexp(squares[start:stop].sum(axis=0).astype(np.float64), -SQUARE_BITS)
            values += weight * mean
            if count > 1:
                spread = np.maximum(square / count - mean * mean, 0.0)
                variance += weight * weight * spread / (count - 1)
        return values, variance
