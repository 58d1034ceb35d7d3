"""KNN-Shapley of the whole corpus: every validation example judges every example.

Jia et al., "Efficient Task-Specific Data Valuation for Nearest Neighbor Algorithms", VLDB 2019,
Theorem 1: exact, O(n log n) per validation example, so O(|V| n (d + log n)) in all; one more
example means all of it again. The recursion is the one of ``knn_game``; a single leaf that holds
everything and is evaluated by V alone has the same values.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.embedding.grid import Embeddings, cosines
from hcdv_stream.valuation.games.knn import (
    MOST_PLAYERS,
    by_player,
    distance_keys,
    nearest_first,
    shapley_by_rank,
    sorted_keys,
)
from hcdv_stream.valuation.tree.sketch import UTILITY_BITS
from hcdv_stream.valuation.validation import Validation

Labels = npt.NDArray[np.int16]
Matches = npt.NDArray[np.bool_]
Summed = Callable[[npt.NDArray[np.intp], Matches], npt.NDArray[np.int64]]

_CELLS = 2**18
"""Distances held at once: bounds memory whatever n and |V| are."""


def knn_shapley(
    embeddings: Embeddings,
    labels: Labels,
    validation: Validation,
    neighbours: int,
    class_weights: Floats,
) -> Floats:
    """Exact Shapley values of v(S) = Σ_c ω_c · mean over V_c of the k-NN utility, shape (n,).

    ``embeddings`` (n, d) and those of ``validation`` are on the grid; ``class_weights`` ω has shape
    (C,). Nearness is cosine, ties go by position. A class that V lacks adds nothing. Raises
    ValueError for k < 1.
    """

    def keys(judges: npt.NDArray[np.intp], matches: Matches) -> npt.NDArray[np.int64]:
        return sorted_keys(cosines(validation.embeddings[judges], embeddings), matches)

    def order(judges: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        return nearest_first(cosines(validation.embeddings[judges], embeddings))

    summed = (
        _packed(keys, neighbours) if len(labels) <= MOST_PLAYERS else _sorted(order, neighbours)
    )
    return _values(labels, validation.labels, neighbours, class_weights, summed)


def knn_shapley_euclidean(
    features: Floats,
    labels: Labels,
    judge_features: Floats,
    judges: Labels,
    *,
    neighbours: int,
    class_weights: Floats,
) -> Floats:
    """Return the same by Euclidean distance of any features, (n, d) and (v, d).

    Distances that agree to one part in 2^38 are ties up to 8,192 examples, above that to rounding.
    """
    squares = np.einsum("nd,nd->n", features, features)

    def squared(rows: npt.NDArray[np.intp]) -> Floats:
        own = np.einsum("vd,vd->v", judge_features[rows], judge_features[rows])
        crossed = judge_features[rows] @ features.T
        distances: Floats = np.maximum(squares + own[:, None] - 2.0 * crossed, 0.0)
        return distances

    def keys(rows: npt.NDArray[np.intp], matches: Matches) -> npt.NDArray[np.int64]:
        return distance_keys(squared(rows), matches)

    def order(rows: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        return np.argsort(squared(rows), 1, "stable")

    summed = (
        _packed(keys, neighbours) if len(labels) <= MOST_PLAYERS else _sorted(order, neighbours)
    )
    return _values(labels, judges, neighbours, class_weights, summed)


def _values(
    labels: Labels, judges: Labels, neighbours: int, class_weights: Floats, summed: Summed
) -> Floats:
    if neighbours < 1:
        raise ValueError(f"neighbours must be at least 1, got {neighbours}")
    values = np.zeros(len(labels))
    step = max(1, _CELLS // max(len(labels), 1))
    for label, weight in enumerate(class_weights.tolist()):
        rows = np.flatnonzero(judges == label)
        if not len(rows) or not len(labels):
            continue
        total = np.zeros(len(labels), np.int64)
        for start in range(0, len(rows), step):
            total += summed(rows[start : start + step], labels == label)
        values += weight / len(rows) * np.ldexp(total.astype(np.float64), -UTILITY_BITS)
    return values


def _packed(
    keys: Callable[[npt.NDArray[np.intp], Matches], npt.NDArray[np.int64]], neighbours: int
) -> Summed:
    """Sum the values over some judges of one class, sorting packed keys: three times as fast."""

    def summed(judges: npt.NDArray[np.intp], matches: Matches) -> npt.NDArray[np.int64]:
        packed = keys(judges, matches)
        total: npt.NDArray[np.int64] = by_player(shapley_by_rank(packed, neighbours), packed).sum(0)
        return total

    return summed


def _sorted(
    order: Callable[[npt.NDArray[np.intp]], npt.NDArray[np.intp]], neighbours: int
) -> Summed:
    """Sum the same where there are more examples than fit beside a distance."""

    def summed(judges: npt.NDArray[np.intp], matches: Matches) -> npt.NDArray[np.int64]:
        nearest = order(judges)
        total = np.zeros(len(matches), np.int64)
        by_rank = shapley_by_rank(matches[nearest].astype(np.int64), neighbours)
        np.add.at(total, nearest, by_rank)
        return total

    return summed
