"""The mergeable sketch behind every ridge model: per class, the Gram matrix with an intercept.

With x = (1, u), a coalition keeps Σ x xᵀ for each class: its corner counts examples, its first row
sums embeddings, the rest are second moments. Only the upper triangle is kept, row by row, as int64
counts of 2^-30, each example's products being rounded to that grid before they are added. So the
sketch of a union is the sum of the sketches in any order, to the last bit, and the same sums in
float64 are exact up to 2^23 examples a class.
"""

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.embedding.grid import Embeddings

GRAM_BITS = 30
"""Gram entries are int64 counts of 2^-30."""

Grams = npt.NDArray[np.int64]


def entries(dimensions: int) -> int:
    """How many numbers one class keeps: the triangle of a (d + 1, d + 1) matrix."""
    return (dimensions + 1) * (dimensions + 2) // 2


def with_intercept(embeddings: Embeddings) -> Floats:
    """Rows (1, u): (n, d) gives (n, d + 1)."""
    return np.concatenate([np.ones((len(embeddings), 1)), embeddings.astype(np.float64)], axis=1)


def products_of(embeddings: Embeddings) -> Grams:
    """Round the products of each example (n, d) to the grid: (n, entries)."""
    rows = with_intercept(embeddings)
    upper, right = np.triu_indices(rows.shape[1])
    return np.rint(np.ldexp(rows[:, upper] * rows[:, right], GRAM_BITS)).astype(np.int64)


def gram_of(embeddings: Embeddings, labels: npt.NDArray[np.int16], classes: int) -> Grams:
    """Sum the rounded products of examples (n, d) by class: (classes, entries)."""
    grams = np.zeros((classes, entries(embeddings.shape[1])), np.int64)
    for label in range(classes):
        grams[label] = products_of(embeddings[labels == label]).sum(axis=0)
    return grams


def unions(membership: npt.NDArray[np.bool_], grams: Grams) -> Floats:
    """Sketches of P coalitions of K players: (P, K) and (K, C, entries) give (P, C, entries).

    In real units, not counts. A matrix product in float64, exact as all the sums are.
    """
    players = grams.reshape(len(grams), -1).astype(np.float64)
    summed: Floats = np.ldexp(membership.astype(np.float64) @ players, -GRAM_BITS)
    return summed.reshape(len(membership), *grams.shape[1:])
