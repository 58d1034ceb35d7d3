"""Balanced two-way k-means on the sphere: the one way in which this tree is ever cut.

Seeding, a leaf that outgrew M and a node with too many children all use it. A capacity rule on top
of two-means replaces constrained k-means by min-cost flow: exact balance is not needed, only a
bound on the smaller side, and the flow solver would be the project's heaviest dependency. Centres
stay on the embedding grid, so scores are exact and the cut never depends on a BLAS.
"""

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.embedding import Embeddings, cosines, unit_grid

_ROUNDS = 8
_SMALLER_SIDE = 3
"""The smaller side gets at least one third."""


def bisect(vectors: Embeddings) -> npt.NDArray[np.bool_]:
    """Cut n >= 2 grid unit vectors (n, d) in two; True marks the second part.

    Each part gets at least a third of the vectors (rounded up, where n allows). Deterministic: the
    first centres are the vector farthest from the mean and the one farthest from that, ties go to
    the earlier row.
    """
    least = min(-(-len(vectors) // _SMALLER_SIDE), len(vectors) // 2)
    first = vectors[np.argmin(_towards(vectors, mean_direction(vectors)))]
    second = vectors[np.argmin(_towards(vectors, first))]
    mask = _cut(vectors, first, second, least)
    for _ in range(_ROUNDS):
        first, second = mean_direction(vectors[~mask]), mean_direction(vectors[mask])
        improved = _cut(vectors, first, second, least)
        if np.array_equal(improved, mask):
            break
        mask = improved
    return mask


def parts(vectors: Embeddings, most: int) -> list[npt.NDArray[np.intp]]:
    """Cut rows into parts of at most ``most``, neighbouring parts similar; order kept within."""
    pending, done = [np.arange(len(vectors))], []
    while pending:
        rows = pending.pop()
        if len(rows) <= most:
            done.append(rows)
        else:
            second = bisect(vectors[rows])
            pending += [rows[second], rows[~second]]
    return done


def mean_direction(vectors: Embeddings) -> Embeddings:
    """Return the unit vector (d,) along the sum of rows (n, d); zero where they cancel out."""
    total = vectors.astype(np.float64).sum(axis=0, keepdims=True)
    direction: Embeddings = unit_grid(total)[0]
    return direction


def _towards(vectors: Embeddings, centre: Embeddings) -> npt.NDArray[np.float64]:
    return cosines(vectors, centre[None, :])[:, 0]


def _cut(
    vectors: Embeddings, first: Embeddings, second: Embeddings, least: int
) -> npt.NDArray[np.bool_]:
    lean = _towards(vectors, second) - _towards(vectors, first)
    order = np.argsort(lean, kind="stable")
    size = int(np.clip(np.count_nonzero(lean <= 0), least, len(vectors) - least))
    mask = np.ones(len(vectors), np.bool_)
    mask[order[:size]] = False
    return mask
