"""Scales of values: as the game gives them, or comparable across classes."""

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from sklearn.isotonic import IsotonicRegression

from hcdv_stream.estimator.holding import NOWHERE
from hcdv_stream.valuation.arrays import Floats

Scale = Literal["shapley", "calibrated"]


def check_scale(scale: str, return_stderr: bool) -> None:
    """Raise ValueError for a scale that there is not, or that has no standard errors."""
    if scale not in get_args(Scale):
        raise ValueError(f"scale must be {' or '.join(get_args(Scale))}, got {scale!r}")
    if scale == "calibrated" and return_stderr:
        raise ValueError("scale='calibrated' has no standard errors: leave return_stderr out")


def calibrated_values(values: Floats, labels: npt.NDArray[np.int16], doubts: Floats) -> Floats:
    """Return the probability that examples (n,) with such values have the right label.

    Class by class, the share of right labels among examples with similar values, as doubts have it,
    is made to rise with the value and drawn as a line between the middles of its steps. NaN stays.
    """
    found = np.full(len(values), np.nan)
    for label in np.unique(labels[labels != NOWHERE]):
        rows = np.flatnonzero(labels == label)
        order = rows[np.argsort(values[rows], kind="stable")]
        steps = IsotonicRegression().fit_transform(np.arange(len(order)), 1.0 - doubts[order])
        firsts = np.flatnonzero(np.append(True, np.diff(steps) > 0.0))
        lasts = np.append(firsts[1:], len(order)) - 1
        middles = (values[order[firsts]] + values[order[lasts]]) / 2.0
        found[rows] = np.interp(values[rows], middles, steps[firsts])
    return found
