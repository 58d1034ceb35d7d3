"""Unit embeddings on a fixed-point grid, so that every dot product and every sum is exact.

A unit vector is stored as float32 multiples of 2^-23. The product of two such numbers is a
multiple of 2^-46 and, by Cauchy-Schwarz, every partial sum of a dot product stays near 1, so
a float64 dot product has no rounding at all: it is the same however a BLAS blocks, batches or
pads it. Sums of up to 2^29 vectors are exact for the same reason, which makes class sums
mergeable in any order and deletion an exact inverse of addition.
"""

import numpy as np
import numpy.typing as npt

FRACTION_BITS = 23
_GRID = float(2**FRACTION_BITS)
_ROUNDED = 1e-5
"""More than rounding to the grid changes the length of a unit vector."""

Embeddings = npt.NDArray[np.float32]


def unit_grid(vectors: npt.ArrayLike) -> Embeddings:
    """Normalise rows to unit length and round them to the grid.

    Parameters
    ----------
    vectors : array-like of shape (n, d)
        Finite numbers.

    Returns
    -------
    ndarray of float32 of shape (n, d)
        Unit vectors. A zero row stays zero: its cosine to everything is 0.

    Raises
    ------
    ValueError
        If an entry is not finite, or the shape is another.

    Examples
    --------
    >>> from hcdv_stream.methods import unit_grid
    >>> unit_grid([[0.0, 2.0], [0.0, 0.0]]).tolist()
    [[0.0, 1.0], [0.0, 0.0]]

    """
    wide = np.asarray(vectors, dtype=np.float64)
    if wide.ndim != 2:
        raise ValueError(f"embeddings must have the shape (n, d), got {wide.shape}")
    if not np.isfinite(wide).all():
        raise ValueError("embeddings must be finite")
    return wide_grid(wide).astype(np.float32)


def wide_grid(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return what ``unit_grid`` makes of finite rows (n, d), the same numbers in float64."""
    squared = np.einsum("ij,ij->i", vectors, vectors)
    norms = np.sqrt(np.where(squared > 0.0, squared, 1.0))
    grid: npt.NDArray[np.float64] = np.rint(vectors / norms[:, None] * _GRID) / _GRID
    return grid


def on_grid(vectors: Embeddings) -> bool:
    """Whether rows (n, d) are unit vectors, or zero, on the grid that makes sums exact."""
    wide = vectors.astype(np.float64)
    if not np.isfinite(wide).all():
        return False
    scaled = np.ldexp(wide, FRACTION_BITS)
    lengths = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    unit = (np.abs(lengths - 1.0) <= _ROUNDED) | (lengths == 0.0)
    return bool((scaled == np.rint(scaled)).all() and unit.all())


def cosines(left: Embeddings, right: Embeddings) -> npt.NDArray[np.float64]:
    """Exact dot products of grid embeddings: (..., n, d) and (..., m, d) give (..., n, m)."""
    product: npt.NDArray[np.float64] = np.matmul(
        left.astype(np.float64), np.swapaxes(right.astype(np.float64), -1, -2)
    )
    return product
