"""From a score against a label to the probability that it is wrong, class by class, by V.

Of a class's examples a share 1 − π is right and scored like V's. If the odds that a label is wrong
grow as e^(a + b s) with its score s, which for log-odds is plausible, the density of all scores is
(1 − π)(1 + e^(a + b s)) times that of V's: the doubt σ(a + b s) is the share that V cannot explain.

a and b have the largest likelihood of telling examples from V by their scores; π follows from a and
b, since a density adds up to 1 (Qin, "Inferences for case-control and semiparametric two-sample
density ratio models", Biometrika 1998). A class may have few rows in V, so that its a and b are
drawn towards those of all classes together.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats

Labels = npt.NDArray[np.int16]

LEAST_TRUSTED = 20
"""Rows of V that are needed to calibrate by it."""
SURE = 0.7
"""Without V, labels are taken for wrong where the models find them half as likely as not."""
_POINTS = 160
_STEPS, _ROUNDS, _HALVINGS = 15, 4, 18


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


class Prior(NamedTuple):
    """Where a and log b are expected, and how far from there: normal, by mean and deviation."""

    offset: float
    offset_spread: float
    log_slope: float
    log_slope_spread: float


POOLED = Prior(-2.0, 3.0, 0.3, 0.5)
"""What is expected of all classes together."""
LEAST_OFFSET, OFFSET_SPREAD, LOG_SLOPE_SPREAD = -4.0, 1.5, 0.1
"""A class's a is expected from that of all, at least LEAST_OFFSET; how far, and so for log b.

Chosen on tuning sets: wrong labels may gather in one class, while scores mean much the same in all.
An OFFSET_SPREAD of 0.5 calibrates symmetric flips slightly better (error at 40%: 0.040, not 0.059;
five sets), but loses wrong labels of one class (average precision 0.20, not 0.56; three sets). A
pooled offset of spread 1 gains 0.010 of error where wrong labels are near the border or one
provider's, and loses as much where one class has them or 5% are flipped. Heavier tails and the
posterior's mean did not help either.
"""
_RANGES = ((-12.0, 6.0), (-1.2, 2.5))


class _Sample(NamedTuple):
    """``points`` that stand for so many ``scores``, in equal parts."""

    points: Floats
    scores: int

    @classmethod
    def of(cls, scores: Floats) -> "_Sample":
        if len(scores) <= _POINTS:
            return cls(np.sort(scores), len(scores))
        return cls(np.quantile(scores, (np.arange(_POINTS) + 0.5) / _POINTS), len(scores))


def calibrate(
    scores: Floats, labels: Labels, trusted_scores: Floats, trusted_labels: Labels, classes: int
) -> Calibration:
    """Fit to examples' scores (n,) and V's (v,), both by models that had not seen them.

    With fewer than LEAST_TRUSTED rows, V says nothing; see ``calibrate_alone``.
    """
    if len(trusted_scores) < LEAST_TRUSTED:
        return calibrate_alone(scores, classes)
    offset, log_slope = _fit(_Sample.of(scores), _Sample.of(trusted_scores), POOLED)
    prior = Prior(max(offset, LEAST_OFFSET), OFFSET_SPREAD, log_slope, LOG_SLOPE_SPREAD)
    offsets, log_slopes = np.full(classes, offset), np.full(classes, log_slope)
    for label in range(classes):
        mine, trusted = scores[labels == label], trusted_scores[trusted_labels == label]
        if len(mine) and len(trusted):
            found = _fit(_Sample.of(mine), _Sample.of(trusted), prior)
            offsets[label], log_slopes[label] = found
    return Calibration(offsets, np.exp(log_slopes))


def calibrate_alone(scores: Floats, classes: int) -> Calibration:
    """Fit without V: the mean doubt is the share of the examples that scores above SURE.

    One offset serves all classes: which of them has more wrong labels, only V could say.
    """
    offset = _offset(_Sample.of(scores).points, float((scores > SURE).mean()))
    return Calibration(np.full(classes, offset), np.ones(classes))


def _offset(scores: Floats, share: float) -> float:
    """Return the a, from _RANGES, at which σ(a + s) is that share on average."""
    low, high = _RANGES[0]
    for _ in range(50):
        middle = (low + high) / 2.0
        mean = float((1.0 / (1.0 + np.exp(-middle - scores))).mean())
        low, high = (middle, high) if mean < share else (low, middle)
    return (low + high) / 2.0


def _fit(examples: _Sample, trusted: _Sample, prior: Prior) -> tuple[float, float]:
    """Return the a and log b of the largest penalised likelihood, by a grid that is refined."""
    (low, high), (least, most) = _RANGES
    best = prior.offset, prior.log_slope
    for _ in range(_ROUNDS):
        offsets, log_slopes = np.linspace(low, high, _STEPS), np.linspace(least, most, _STEPS)
        grid = offsets[:, None], log_slopes[None, :]
        tried = _likelihood(examples, trusted, *grid)
        tried -= ((grid[0] - prior.offset) / prior.offset_spread) ** 2 / 2.0
        tried -= ((grid[1] - prior.log_slope) / prior.log_slope_spread) ** 2 / 2.0
        row, column = np.unravel_index(int(tried.argmax()), tried.shape)
        best = float(offsets[row]), float(log_slopes[column])
        width, height = 2.0 * (high - low) / _STEPS, 2.0 * (most - least) / _STEPS
        low, high = best[0] - width, best[0] + width
        least, most = best[1] - height, best[1] + height
    return best


def _likelihood(examples: _Sample, trusted: _Sample, offsets: Floats, log_slopes: Floats) -> Floats:
    """Return the log-likelihood of telling examples from V by their scores, for each a and b."""
    n, v = examples.scores, trusted.scores
    mine = np.full(len(examples.points), n / len(examples.points))
    theirs = np.full(len(trusted.points), v / len(trusted.points))
    points = np.concatenate([examples.points, trusted.points])
    odds = offsets[..., None] + np.exp(log_slopes)[..., None] * points
    excess = 1.0 + np.exp(np.minimum(odds, 60.0))
    weight = np.concatenate([mine, theirs])
    ratio = _right_share(excess, weight, n, v) * excess
    taken = n * ratio
    found: Floats = np.log1p(v / taken[..., : len(mine)]) @ mine
    found += np.log1p(taken[..., len(mine) :] / v) @ theirs
    return -found


def _right_share(excess: Floats, weight: Floats, n: int, v: int) -> Floats:
    """Return 1 − π, (..., 1): what makes (1 − π) · ``excess`` a ratio of densities."""
    low, high = np.full((*excess.shape[:-1], 1), 1e-4), np.ones((*excess.shape[:-1], 1))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        ratio = middle * excess
        above = ((ratio - 1.0) / (v + n * ratio)) @ weight > 0.0
        high = np.where(above[..., None], middle, high)
        low = np.where(above[..., None], low, middle)
    return (low + high) / 2.0
