"""A linear model in whole numbers: its products add up to the same bits in any order.

A BLAS rounds a product differently for another shape. Standardised features and coefficients are
therefore rounded to multiples of powers of two, and their products are added as integers.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.doubt.trees import Matrix

FEATURE_BITS, COEFFICIENT_BITS = 14, 20
LARGEST_FEATURE, LARGEST_COEFFICIENT = 64.0, 64.0
"""Standardised features and coefficients are clipped here: 2^16 products fit 63 bits."""


@dataclass(frozen=True, eq=False)
class LinearScores:
    """Scores of C classes: intercept + coefficients · (x − centre) / scale, in units of 2^-34.

    ``coefficients`` int32 (width, C) are in units of 2^-COEFFICIENT_BITS, ``intercepts`` float64
    (C,); ``centre`` and ``scale`` float64 (width,).
    """

    coefficients: npt.NDArray[np.int32]
    intercepts: Floats
    centre: Floats
    scale: Floats

    def scores(self, rows: Matrix) -> Floats:
        """Return the scores (n, C) of rows (n, width)."""
        standardised = (rows.astype(np.float64) - self.centre) / self.scale
        clipped = np.clip(standardised, -LARGEST_FEATURE, LARGEST_FEATURE)
        whole = np.rint(np.ldexp(clipped, FEATURE_BITS)).astype(np.int64)
        products = whole @ self.coefficients.astype(np.int64)
        return np.ldexp(products.astype(np.float64), -FEATURE_BITS - COEFFICIENT_BITS) + (
            self.intercepts
        )

    def check(self, columns: int, classes: int) -> None:
        """Raise ValueError where the arrays do not fit each other."""
        shapes = (self.coefficients.shape, self.intercepts.shape, self.centre.shape)
        if shapes != ((columns, classes), (classes,), (columns,)) or self.scale.shape != (columns,):
            raise ValueError("the arrays of its linear model differ in length")
        finite = [np.isfinite(each).all() for each in (self.intercepts, self.centre, self.scale)]
        if not all(finite) or not (self.scale > 0.0).all():
            raise ValueError("its linear model holds NaN or infinite numbers, or a scale of 0")


def coefficient_units(coefficients: Floats) -> npt.NDArray[np.int32]:
    """Return coefficients in units of 2^-COEFFICIENT_BITS, clipped at LARGEST_COEFFICIENT."""
    clipped = np.clip(coefficients, -LARGEST_COEFFICIENT, LARGEST_COEFFICIENT)
    return np.rint(np.ldexp(clipped, COEFFICIENT_BITS)).astype(np.int32)
