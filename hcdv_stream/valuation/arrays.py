"""Types of arrays that the whole package names."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
