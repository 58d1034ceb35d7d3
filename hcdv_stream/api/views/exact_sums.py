"""Sums of floats without any rounding, so that parts of a sum can be merged by whoever reads.

A float is an integer times a power of two. Whole columns are added up as such integers, by exponent
and by group, and a sum is passed on as a few floats that add up to it exactly: ``math.fsum`` over
those of all parts is the correctly rounded sum of everything, however it was cut into parts.
"""

import numpy as np
import numpy.typing as npt

_BITS = 53
_LOW = 27
"""Integers are added up in two halves, so that 2^36 of them fit in 64 bits."""
_SMALLEST = -1074
"""Exponent of the smallest float: every float is an integer times 2 to this power."""


def exact_sum(values: npt.NDArray[np.float64]) -> list[float]:
    """Return floats that add up to the sum of finite ``values`` (n,), largest first."""
    return exact_sums(values, np.zeros(len(values), np.int64), 1)[0]


def exact_sums(
    values: npt.NDArray[np.float64], groups: npt.NDArray[np.int64], count: int
) -> list[list[float]]:
    """Return the same for each of ``count`` groups; ``groups`` (n,) says whose each value is."""
    totals = [0] * count
    if len(values):
        fractions, exponents = np.frexp(values)
        integers = np.ldexp(fractions, _BITS).astype(np.int64)
        powers, place = np.unique(exponents, return_inverse=True)
        cells, cell_of = np.unique(groups * len(powers) + place, return_inverse=True)
        high, low = np.zeros(len(cells), np.int64), np.zeros(len(cells), np.int64)
        np.add.at(high, cell_of, integers >> _LOW)
        np.add.at(low, cell_of, integers & ((1 << _LOW) - 1))
        for cell, upper, lower in zip(cells.tolist(), high.tolist(), low.tolist(), strict=True):
            group, power = divmod(cell, len(powers))
            shift = int(powers[power]) - _BITS - _SMALLEST
            integer = (upper << _LOW) + lower
            totals[group] += integer << shift if shift >= 0 else integer >> -shift
    return [_floats(total) for total in totals]


def _floats(total: int) -> list[float]:
    """Return floats that add up to ``total`` times the smallest float."""
    parts = []
    while total:
        part = total / (1 << -_SMALLEST)  # correctly rounded: true division of integers
        parts.append(part)
        numerator, denominator = part.as_integer_ratio()
        total -= numerator * ((1 << -_SMALLEST) // denominator)
    return parts
