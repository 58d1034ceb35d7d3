"""Rows with labels, as the doubt model learns from them."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class LabelledMatrix(NamedTuple):
    """``rows`` float32 (n, width), ``labels`` int16 (n,) class indices."""

    rows: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int16]
