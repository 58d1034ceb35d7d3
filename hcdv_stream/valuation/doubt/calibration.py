"""From a score against a label to the probability that it is wrong, class by class, by V.

Given its score s against class c, an example's right label is c with probability q = σ(−α − β s).
V, whose labels are right, shows α and β. Of the examples whose right label is c a share u carries
it, of all others a share t: so an example carries c with chance u q + t (1 − q). The examples' own
labels, right or wrong, show u and t. Of those that carry c the share t (1 − q) / (u q + t (1 − q))
is wrong: the doubt σ(α + log(t / u) + β s). ``label_rates`` finds all of them for each class.

The labels of all examples speak for every class, with how often a class is given at each score.
Scores inside a class alone would not do: weak models score right and wrong labels nearly alike.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.doubt.label_rates import ScoreCounts, doubt_lines, label_rates, sigmoid

Labels = npt.NDArray[np.int16]

LEAST_TRUSTED = 20
"""Rows of V that are needed to calibrate by it."""
SURE = 0.7
"""Without V, labels are taken for wrong where the models find them half as likely as not."""
_OFFSETS = (-12.0, 6.0)


@dataclass(frozen=True, eq=False)
class Calibration:
    """``offsets`` a and ``slopes`` b, each (C,): doubt = σ(a_y + b_y · score)."""

    offsets: Floats
    slopes: Floats

    def doubts(self, scores: Floats, labels: Labels) -> Floats:
        """Return the probabilities (n,) that labels (n,) with such scores are wrong."""
        odds = self.offsets[labels] + self.slopes[labels] * scores
        return 1.0 / (1.0 + np.exp(-odds))

    def check(self, classes: int) -> None:
        """Raise ValueError where it is not one of so many classes."""
        if self.offsets.shape != (classes,) or self.slopes.shape != (classes,):
            raise ValueError("its calibration is of another number of classes")
        if not np.isfinite(self.offsets).all() or not np.isfinite(self.slopes).all():
            raise ValueError("its calibration holds NaN or infinite numbers")
        if not (self.slopes > 0.0).all():
            raise ValueError("its calibration has a slope that is not above 0")


def calibrate(
    odds: Floats, labels: Labels, trusted_odds: Floats, trusted_labels: Labels
) -> Calibration:
    """Fit to the log-odds of examples (n, C) and V (v, C), by models that had not seen them.

    With fewer than LEAST_TRUSTED rows, V says nothing; see ``calibrate_alone``.
    """
    if len(trusted_odds) < LEAST_TRUSTED:
        return calibrate_alone(-odds[np.arange(len(labels)), labels], odds.shape[1])
    tally = ScoreCounts.of(-odds, labels)
    rates = label_rates(tally, ScoreCounts.of(-trusted_odds, trusted_labels), odds.shape[1])
    offsets, slopes = doubt_lines(rates, tally)
    return Calibration(np.clip(offsets, *_OFFSETS), slopes)


def calibrate_alone(scores: Floats, classes: int) -> Calibration:
    """Fit without V: the mean doubt is the share of the examples that scores above SURE.

    One offset serves all classes: which of them has more wrong labels, only V could say.
    """
    offset = _offset(scores, float((scores > SURE).mean()))
    return Calibration(np.full(classes, offset), np.ones(classes))


def _offset(scores: Floats, share: float) -> float:
    """Return the a, from _OFFSETS, at which σ(a + s) is that share on average."""
    low, high = _OFFSETS
    for _ in range(50):
        middle = (low + high) / 2.0
        mean = float(sigmoid(middle + scores).mean())
        low, high = (middle, high) if mean < share else (low, middle)
    return (low + high) / 2.0
