"""How often labels are given wrongly: the largest penalised likelihood of the labels, by scores.

For each class a row of V or an example falls into one of four cells: V or not, this class or not.
With n examples, v rows of V and densities of scores that cancel, the cells' chances at score s are
as v q : v (1 − q) : n h : n (g − h), where h = u w q + t w' (1 − q) and g = w q + w' (1 − q). The
weights w and w' are 1 if the class is as frequent among the examples as in V; else they say how
much more or less so, and V may be drawn class by class. Wrong labels gather between classes: t
falls with the score, t = σ(τ − γ s), and so does u = σ(υ − γ s).

Every class starts from the rates of all together and is drawn towards them: it may have few rows.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats

Labels = npt.NDArray[np.int16]
Parameters = Floats
"""(..., 6): α, log β, −υ, τ, the log odds of the class among the examples over V, γ."""

_PER_UNIT, _FARTHEST = 10, 8
"""Scores are counted in tenths, up to _FARTHEST either way."""
_POINTS = np.arange(-_FARTHEST * _PER_UNIT, _FARTHEST * _PER_UNIT + 1) / _PER_UNIT
POOLED_MEAN, POOLED_SPREAD = (0.0, 0.3, -2.2), (1.0, 0.5, 1.5)
"""What is expected of all classes together: α, log β, logit of the share of wrong labels."""
CLASS_SPREAD = (0.5, 0.1, 2.0, 2.0)
"""How far a class's α, log β, υ and τ may lie from those of all.

Chosen on tuning sets, as are the other spreads: wrong labels may gather in one class, while scores
mean much the same in all.
"""
MIX_SPREAD = 0.5
"""How far a class's frequency lies from that in V, by a Cauchy distribution: mostly not at all.

With 0.1 calibration is better by 0.002 where V is drawn as the examples are, and worse by 0.02
where V has as many rows of every class.
"""
FALL_SPREAD = 0.05
"""How far γ lies from 0, and a class's from that of all.

With 0.3, wrong labels near the border are calibrated better (error 0.05, not 0.09) and flipped ones
worse (0.05 and 0.06 at 20% and 40%, not 0.02 and 0.03).
"""
_STEPS, _ENOUGH = 40, 1e-6
_NUDGE = 1e-4
_MIX = 4
_LEAST_SLOPE = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class ScoreCounts:
    """Rows by score, for each class: ``inside`` (C, K) with this label, ``outside`` with others."""

    inside: Floats
    outside: Floats

    @classmethod
    def of(cls, scores: Floats, labels: Labels) -> "ScoreCounts":
        """Count rows (n,) by their scores against each class, (n, C)."""
        classes, width = scores.shape[1], len(_POINTS)
        places = np.rint(np.clip(scores, -_FARTHEST, _FARTHEST) * _PER_UNIT).astype(np.int64)
        places += _FARTHEST * _PER_UNIT
        own = labels[:, None] == np.arange(classes)
        cells = (places + width * np.arange(classes)) + width * classes * own
        counts = np.bincount(cells.ravel(), minlength=2 * classes * width)
        outside, inside = counts.reshape(2, classes, width).astype(np.float64)
        return cls(inside, outside)


class _Prior(NamedTuple):
    """Normal by mean and spread, the one at _MIX Cauchy."""

    mean: Floats
    spread: Floats


def label_rates(examples: ScoreCounts, trusted: ScoreCounts, classes: int) -> Parameters:
    """Return the likeliest rates, (C, 6); a class that V or the examples lack has those of all."""
    cells = np.stack([trusted.inside, trusted.outside, examples.inside, examples.outside], axis=-1)
    whole = _pooled(cells.sum(axis=0) / classes, classes)
    prior = _Prior(whole, np.array([*CLASS_SPREAD, MIX_SPREAD, FALL_SPREAD]))
    found = np.tile(whole, (classes, 1))
    for label in range(classes):
        if trusted.inside[label].any() and examples.inside[label].any():
            found[label] = _climb(cells[label], prior, np.eye(6))
    return found


def doubt_lines(rates: Parameters, examples: ScoreCounts) -> tuple[Floats, Floats]:
    """Return offsets and slopes, (C,), of the log-odds that a label is wrong, by its score.

    The log-odds are nearly a line. It is drawn where examples make a difference to it.
    """
    offset, log_slope, missed, given, _, fall = (each[:, None] for each in rates.T)
    kept = sigmoid(-missed - fall * _POINTS)
    odds = offset + np.exp(log_slope) * _POINTS
    odds += np.log(sigmoid(given - fall * _POINTS)) - np.log(kept)
    doubt = sigmoid(odds)
    weight = (examples.inside + 1e-3) * doubt * (1.0 - doubt) + 1e-9
    weight /= weight.sum(axis=1, keepdims=True)
    middle = (weight * _POINTS).sum(axis=1, keepdims=True)
    level = (weight * odds).sum(axis=1, keepdims=True)
    away = _POINTS - middle
    slopes = (weight * away * (odds - level)).sum(axis=1) / (weight * away**2).sum(axis=1)
    slopes = np.maximum(slopes, _LEAST_SLOPE)
    return level[:, 0] - slopes * middle[:, 0], slopes


def _pooled(cells: Floats, classes: int) -> Parameters:
    """Return what fits all classes with one share of wrong labels, each other class as likely.

    A label is given wrongly with 1 / (C − 1) of that share, which moves the logit t by about as
    much as the share's own.
    """
    start = np.array([*POOLED_MEAN, POOLED_MEAN[2] - np.log(classes - 1.0), 0.0, 0.0])
    spread = np.array([*POOLED_SPREAD, np.inf, np.inf, FALL_SPREAD])
    ways = np.zeros((4, 6))
    ways[[0, 1, 2, 2, 3], [0, 1, 2, 3, 5]] = 1.0
    return _climb(cells, _Prior(start, spread), ways)


def _climb(cells: Floats, prior: _Prior, ways: Floats) -> Parameters:
    """Return the likeliest parameters, from the prior's mean along ``ways`` (W, 6).

    Fisher's scoring, with shorter steps where one does not climb.
    """
    now, caution = prior.mean.copy(), 1e-3
    total = cells.sum(axis=-1)
    rows = cells.sum(axis=0)
    v, n = float(rows[0] + rows[1]), float(rows[2] + rows[3])
    share = float(rows[0]) / v
    height = _height(cells, now, prior, (v, n, share))
    for _ in range(_STEPS):
        chances = _chances(now, v, n, share)
        beside = _chances(now + _NUDGE * np.concatenate([ways, -ways]), v, n, share)
        moved = (beside[: len(ways)] - beside[len(ways) :]) / (2.0 * _NUDGE)
        slope = (moved * (cells / chances)).sum(axis=(1, 2))
        bend = np.einsum("ikc,jkc,k,kc->ij", moved, moved, total, 1.0 / chances)
        pull, hold = _prior_slope(now, prior)
        slope += ways @ pull
        bend += ways @ (hold[:, None] * ways.T)
        while True:
            step = np.linalg.solve(bend + caution * np.diag(np.diag(bend)), slope)
            there = now + np.clip(step, -2.0, 2.0) @ ways
            reached = _height(cells, there, prior, (v, n, share))
            if reached > height or caution > 1e6:
                break
            caution *= 8.0
        if not reached > height + _ENOUGH:
            break
        now, height, caution = there, reached, caution / 8.0
    return now


def _height(
    cells: Floats, at: Parameters, prior: _Prior, sizes: tuple[float, float, float]
) -> float:
    """Return the penalised log-likelihood."""
    away = (at - prior.mean) / prior.spread
    normal = float((away**2).sum() - away[_MIX] ** 2) / 2.0
    penalty = normal + float(np.log1p(away[_MIX] ** 2))
    return float((cells * np.log(_chances(at, *sizes))).sum()) - penalty


def _prior_slope(at: Parameters, prior: _Prior) -> tuple[Floats, Floats]:
    """Return the slope of the log prior and a bound of how it bends."""
    away, hold = (at - prior.mean) / prior.spread, prior.spread**-2.0
    pull = -away / prior.spread
    pull[_MIX] *= 2.0 / (1.0 + away[_MIX] ** 2)
    hold[_MIX] *= 2.0 / (1.0 + away[_MIX] ** 2)
    return pull, hold


def _chances(at: Parameters, v: float, n: float, share: float) -> Floats:
    """Return the chances (..., K, 4) of the four cells at each score."""
    offset, log_slope, missed, given, mix, fall = np.moveaxis(at[..., None], -2, 0)
    inside = sigmoid(-offset - np.exp(log_slope) * _POINTS)
    outside = 1.0 - inside
    odds = np.exp(mix)
    level = share * odds + 1.0 - share
    mine, others = odds / level * inside, outside / level
    labelled = sigmoid(-missed - fall * _POINTS) * mine + sigmoid(given - fall * _POINTS) * others
    weights = np.stack(
        [v * inside, v * outside, n * labelled, n * (mine + others - labelled)], axis=-1
    )
    above: Floats = np.maximum(weights, 1e-9)
    chances: Floats = above / above.sum(axis=-1, keepdims=True)
    return chances


def sigmoid(odds: Floats) -> Floats:
    """Return σ of log-odds."""
    found: Floats = 1.0 / (1.0 + np.exp(-np.clip(odds, -60.0, 60.0)))
    return found
