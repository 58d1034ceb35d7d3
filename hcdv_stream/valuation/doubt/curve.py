"""Are doubts right as often as they say? V answers, with wrong labels planted into it.

Every row of V counts once with its label, as a right one, and once with each other label, as a
wrong one. Weights give every class as many rows, and as large a share of wrong ones, as the
examples are estimated to have. The curve holds where wrong labels fall on any example alike.
"""

from dataclasses import dataclass

import numpy as np

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.doubt.calibration import Calibration, Labels

BINS = 10


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationCurve:
    """Per tenth of [0, 1]: the mean ``doubt``, the share that is ``wrong``, and the ``weight``.

    Each is (BINS,), the weights adding up to 1; an empty bin has zeros.
    """

    doubt: Floats
    wrong: Floats
    weight: Floats

    @property
    def error(self) -> float:
        """Expected calibration error: the mean distance of doubt and share, weighted."""
        return float((self.weight * np.abs(self.doubt - self.wrong)).sum())

    def to_json(self) -> list[dict[str, float]]:
        """Return the bins that are not empty."""
        columns = zip(self.doubt.tolist(), self.wrong.tolist(), self.weight.tolist(), strict=True)
        return [
            {"doubt": doubt, "wrong": wrong, "weight": weight}
            for doubt, wrong, weight in columns
            if weight > 0.0
        ]


def calibration_curve(
    calibration: Calibration, odds: Floats, truth: Labels, doubts: Floats, labels: Labels
) -> CalibrationCurve:
    """Return the curve of V, whose log-odds (v, C) and labels (v,) are given.

    ``doubts`` and ``labels`` (n,) are the examples', which say how many are wrong in each class.
    """
    classes = odds.shape[1]
    given = np.repeat(np.arange(classes, dtype=np.int16), len(truth))
    found = calibration.doubts(-odds.T.ravel(), given)
    right = given == np.tile(truth, classes)
    weight = np.zeros(len(given))
    for label in range(classes):
        mine = labels == label
        if not mine.any():
            continue
        share = float(doubts[mine].mean())
        for among, mass in ((right, 1.0 - share), (~right, share)):
            rows = (given == label) & among
            weight[rows] = mass * mine.sum() / max(int(rows.sum()), 1)
    return binned(found, ~right, weight)


def binned(doubts: Floats, wrong: Floats, weight: Floats | None = None) -> CalibrationCurve:
    """Return the curve of doubts (n,) whose labels are known to be wrong (n,) or not."""
    weight = np.ones(len(doubts)) if weight is None else weight
    places = np.minimum((doubts * BINS).astype(np.int64), BINS - 1)
    mass, doubt, share = (
        np.bincount(places, each, BINS) for each in (weight, weight * doubts, weight * wrong)
    )
    divisor = np.where(mass > 0.0, mass, 1.0)
    return CalibrationCurve(doubt / divisor, share / divisor, mass / max(mass.sum(), 1e-300))
