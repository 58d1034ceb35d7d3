"""The Yeo-Johnson power transform, which makes a skewed column roughly symmetric.

Source: Yeo and Johnson, "A new family of power transformations to improve normality or symmetry",
Biometrika 87 (2000). Only the transform is here; λ is fitted by scikit-learn (``fitting``).
"""

import numpy as np
import numpy.typing as npt

_BLOCK = 64


def yeo_johnson(values: npt.NDArray[np.float64], power: float) -> npt.NDArray[np.float64]:
    """Transform a column, shape (n,), with λ = ``power``; NaN stays NaN, overflow becomes ±inf.

    An entry's result does not depend on its neighbours or on n: the column is padded to whole
    blocks, because a vectorised ``pow`` may round its tail differently from its body.
    """
    padded = np.zeros(-(-len(values) // _BLOCK) * _BLOCK)
    padded[: len(values)] = values
    with np.errstate(over="ignore"):
        right = _half(np.maximum(padded, 0.0), power)
        left = _half(np.maximum(-padded, 0.0), 2.0 - power)
    result: npt.NDArray[np.float64] = np.where(padded < 0.0, -left, right)[: len(values)]
    return result


def _half(magnitude: npt.NDArray[np.float64], power: float) -> npt.NDArray[np.float64]:
    if power == 0.0:
        return np.log1p(magnitude)
    result: npt.NDArray[np.float64] = np.expm1(power * np.log1p(magnitude)) / power
    return result
