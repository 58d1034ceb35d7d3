"""Balanced two-way k-means on the sphere: the one way in which this tree is ever cut.

Seeding, a leaf that outgrew M and a node with too many children all use it. A capacity rule on top
of two-means replaces constrained k-means by min-cost flow: exact balance is not needed, only a
bound on the smaller side, and the flow solver would be the project's heaviest dependency. Centres
stay on the embedding grid, so scores are exact and the cut never depends on a BLAS.
"""

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.embedding.grid import Embeddings, unit_grid, wide_grid

_ROUNDS = 8
_SMALLER_SIDE = 3
"""The smaller side gets at least one third."""
_SAMPLED = 8192
"""Of more vectors, evenly spaced ones find the centres: their place hardly depends on the rest.
More than a leaf ever holds before it is split."""


def bisect(vectors: Embeddings) -> npt.NDArray[np.bool_]:
    """Cut n >= 2 grid unit vectors (n, d) in two; True marks the second part.

    Each part gets at least a third of the vectors (rounded up, where n allows). Deterministic: the
    first centres are the vector farthest from the mean and the one farthest from that, ties go to
    the earlier row.
    """
    return _bisect(vectors.astype(np.float64))


def parts(vectors: Embeddings, most: int) -> list[npt.NDArray[np.intp]]:
    """Cut rows into parts of at most ``most``, neighbouring parts similar; order kept within."""
    pending, done = [(np.arange(len(vectors)), vectors.astype(np.float64))], []
    while pending:
        rows, wide = pending.pop()
        if len(rows) <= most:
            done.append(rows)
        else:
            second = _bisect(wide)
            pending += [(rows[half], wide[half]) for half in (second, ~second)]
    return done


def mean_direction(vectors: Embeddings) -> Embeddings:
    """Return the unit vector (d,) along the sum of rows (n, d); zero where they cancel out."""
    total = vectors.astype(np.float64).sum(axis=0, keepdims=True)
    direction: Embeddings = unit_grid(total)[0]
    return direction


def _bisect(wide: Floats) -> npt.NDArray[np.bool_]:
    """Do what ``bisect`` says: sums and products are exact (see ``embedding``), in any order."""
    stride = -(-len(wide) // _SAMPLED)
    return _cut(wide @ _axis(wide[::stride]))


def _axis(wide: Floats) -> Floats:
    """Return the direction (d,) along which vectors (n, d) are cut, from first to second centre."""
    total = wide.sum(axis=0)
    first = wide[np.argmin(wide @ wide_grid(total[None, :])[0])]
    axis: Floats = wide[np.argmin(wide @ first)] - first
    mask = _cut(wide @ axis)
    for _ in range(_ROUNDS):
        taken = mask.astype(np.float64) @ wide
        first, second = wide_grid(np.stack([total - taken, taken]))
        axis = second - first
        improved = _cut(wide @ axis)
        if (improved == mask).all():
            break
        mask = improved
    return axis


def _cut(lean: Floats) -> npt.NDArray[np.bool_]:
    """Mark the rows that lean (n,) to the second centre, at least a third on each side."""
    least = min(-(-len(lean) // _SMALLER_SIDE), len(lean) // 2)
    mask = lean > 0
    size = len(lean) - int(np.count_nonzero(mask))
    if least <= size <= len(lean) - least:
        return mask
    wanted = min(max(size, least), len(lean) - least)
    edge = float(np.partition(lean, wanted - 1)[wanted - 1])
    mask = lean >= edge
    below = len(lean) - int(np.count_nonzero(mask))
    mask[np.flatnonzero(lean == edge)[: wanted - below]] = False
    return mask
