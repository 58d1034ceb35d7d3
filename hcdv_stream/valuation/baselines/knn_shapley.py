"""KNN-Shapley of the whole corpus: every validation point judges every example.

Jia et al., "Efficient Task-Specific Data Valuation for Nearest Neighbor Algorithms", VLDB 2019,
Theorem 1: exact, O(n log n) per validation point, so O(|V| n (d + log n)) in all; one more example
means all of it again. The recursion is the one of ``knn_game``; a single leaf that holds everything
and is judged by V alone has the same values.
"""

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.embedding import Embeddings, cosines
from hcdv_stream.valuation.knn_game import shapley_by_rank
from hcdv_stream.valuation.sketch import UTILITY_BITS
from hcdv_stream.valuation.validation import Validation

_CELLS = 2**20
"""Distances held at once: bounds memory whatever n and |V| are."""


def knn_shapley(
    embeddings: Embeddings,
    labels: npt.NDArray[np.int16],
    validation: Validation,
    neighbours: int,
    class_weights: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Exact Shapley values of v(S) = Σ_c ω_c · mean over V_c of the k-NN utility, shape (n,).

    ``embeddings`` (n, d) and those of ``validation`` are on the grid; ``class_weights`` ω has shape
    (C,). Ties of distance go by position. A class that V lacks adds nothing. Raises ValueError for
    k < 1.
    """
    if neighbours < 1:
        raise ValueError(f"neighbours must be at least 1, got {neighbours}")
    classes = len(class_weights)
    values = np.zeros(len(labels))
    for label, (weight, count) in enumerate(
        zip(class_weights, validation.counts(classes), strict=True)
    ):
        if count and len(labels):
            judges = validation.embeddings[validation.labels == label]
            sums = _summed(embeddings, labels == label, judges, neighbours)
            values += weight / count * np.ldexp(sums.astype(np.float64), -UTILITY_BITS)
    return values


def _summed(
    embeddings: Embeddings, matches: npt.NDArray[np.bool_], judges: Embeddings, neighbours: int
) -> npt.NDArray[np.int64]:
    """Sum the values over the judges of one class, int64 (n,) in UTILITY_BITS."""
    total = np.zeros(len(embeddings), np.int64)
    step = max(1, _CELLS // len(embeddings))
    for start in range(0, len(judges), step):
        distances = -cosines(judges[start : start + step], embeddings)
        order = np.argsort(distances, axis=1, kind="stable")
        by_rank = shapley_by_rank(matches[order].astype(np.int64), neighbours)
        np.add.at(total, order, by_rank)
    return total
