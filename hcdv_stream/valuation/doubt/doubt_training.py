"""Fits the doubt model: on labelled rows and V together, out of fold for the rows at hand.

Few trees take a first look at all labels. The models then learn from the examples whose labels
that look believes, and from V, whose labels are right, twice as much as from any example.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.doubt.calibration import LEAST_TRUSTED, calibrate
from hcdv_stream.valuation.doubt.curve import CalibrationCurve, calibration_curve
from hcdv_stream.valuation.doubt.folds import (
    FOLDS,
    Folds,
    blind_fold,
    provider_folds,
    stratified_folds,
)
from hcdv_stream.valuation.doubt.labelled_matrix import LabelledMatrix
from hcdv_stream.valuation.doubt.model import (
    ClassModels,
    DoubtModel,
    Doubts,
    doubts_of,
    log_odds,
)
from hcdv_stream.valuation.doubt.model_fitting import drawn_rows, fit_models, out_of_bag

Labels = npt.NDArray[np.int16]

TRUSTED_WEIGHT, MOST_DOUBT = 2, 0.5
"""How many examples a row of V counts for, and up to which doubt an example counts at all.

Chosen on tuning sets. Weights that fall with the doubt find wrong labels no better, and leave more
of those in that are many.
"""
_LEAST_SCORE, _MOST_SHARPNESS = 0.05, 4.0


@dataclass(frozen=True, slots=True, eq=False)
class TrainedDoubt:
    """The frozen model, and the doubts of the rows it was fitted on, out of fold.

    ``curve`` holds doubts against planted wrong labels in V, None without a V.
    """

    model: DoubtModel
    doubts: Doubts
    curve: CalibrationCurve | None

    @property
    def metrics(self) -> dict[str, float]:
        """``mean_doubt`` of the examples, and the curve's ``calibration_error``."""
        error = {} if self.curve is None else {"calibration_error": self.curve.error}
        return {"mean_doubt": float(self.doubts.doubt.mean())} | error


def train_doubt(
    examples: LabelledMatrix,
    trusted: LabelledMatrix,
    classes: int,
    *,
    seed: int,
    providers: Sequence[str | None] | None = None,
    prints: npt.NDArray[np.uint64] | None = None,
) -> TrainedDoubt:
    """Fit on n examples and V together, and doubt the examples by models that had not seen them.

    With ``providers`` (n,), nor had these models seen a row of the example's provider among the
    examples, unless hardly anybody else has one of its classes. ``prints`` are the first halves of
    the fingerprints of examples and V, by which the model knows them again. V may be empty.
    Deterministic from ``seed`` on one machine, on one thread: the boosting's threads wait for each
    other in loops, which takes many times as long where others want the processor.
    """
    with threadpool_limits(limits=1):
        return _train(examples, trusted, classes, seed, (providers, prints))


def _train(
    examples: LabelledMatrix,
    trusted: LabelledMatrix,
    classes: int,
    seed: int,
    about: tuple[Sequence[str | None] | None, npt.NDArray[np.uint64] | None],
) -> TrainedDoubt:
    providers, prints = about
    generator = np.random.default_rng([seed, 0xD0])
    owners: Sequence[str | None] = providers or [None] * len(examples.labels)
    folds = provider_folds(examples.labels, owners, generator, trusted.labels)
    judging = stratified_folds(trusted.labels, generator)
    both = LabelledMatrix(
        np.concatenate([examples.rows, trusted.rows]),
        np.concatenate([examples.labels, trusted.labels]),
    )
    sighted = blind_fold(owners, folds)
    n = len(examples.labels)
    weights = learning_weights(both, n, classes, seed)
    whole = fit_models(both, classes, seed, weights=weights)
    known = None if sighted else _Known(weights, whole.out_of_bag)
    parts = _out_of_fold(both, (folds, judging), classes, seed, known)
    own, theirs = parts.probabilities[:, :n], parts.probabilities[:, n:]
    sharpness = _sharpness(theirs, trusted.labels, judging) if sighted else np.ones(FOLDS)
    trusted_odds = log_odds(theirs) * sharpness[judging][:, None]
    calibration = calibrate(
        log_odds(own) * sharpness[folds][:, None], examples.labels, trusted_odds, trusted.labels
    )
    doubts = doubts_of(own, examples.labels, calibration, sharpness[folds])
    by_validation = len(trusted.labels) >= LEAST_TRUSTED
    model = DoubtModel(
        whole.models,
        calibration,
        "validation" if by_validation else "examples",
        parts.models if sighted else (),
        sighted or None,
        sharpness if sighted else np.zeros(0),
        np.zeros(0, np.uint64) if prints is None else np.unique(prints[drawn_rows(both, seed)]),
    )
    curve = None
    if by_validation:
        curve = calibration_curve(
            calibration,
            trusted_odds,
            trusted.labels,
            doubts.doubt,
            examples.labels,
        )
    return TrainedDoubt(model, doubts, curve)


def learning_weights(table: LabelledMatrix, examples: int, classes: int, seed: int) -> Floats:
    """Return how much models should learn from each row: ``examples`` first, those of V behind.

    An example counts if trees that had not drawn it find its label right rather than wrong,
    calibrated by V, or if its class would have no rows otherwise. Without V nothing tells how many
    are wrong, and all count alike.
    """
    weights = np.ones(len(table.labels))
    weights[examples:] = TRUSTED_WEIGHT
    drawn = drawn_rows(table, seed)
    rows = LabelledMatrix(table.rows[drawn], table.labels[drawn])
    mine = drawn < examples
    if np.count_nonzero(~mine) < LEAST_TRUSTED or not mine.any():
        return weights
    odds = log_odds(out_of_bag(rows, classes, seed)[None])
    calibration = calibrate(odds[mine], rows.labels[mine], odds[~mine], rows.labels[~mine])
    labels = rows.labels[mine]
    doubt = calibration.doubts(-odds[mine][np.arange(len(labels)), labels], labels)
    kept = doubt <= MOST_DOUBT
    for label in np.setdiff1d(labels, np.append(labels[kept], rows.labels[~mine])):
        kept[labels == label] = True
    weights[drawn[mine]] = kept
    return weights


def _sharpness(probabilities: Floats, labels: Labels, folds: Folds) -> Floats:
    """Return what makes a typical score of V, (v,), alike in every fold; 1 where V says nothing.

    Models that have not seen a provider of wrong labels are surer than those that have. V, scored
    by all of them, would otherwise look unlike the examples that only some of them score.
    """
    found = np.ones(FOLDS)
    if len(labels) < LEAST_TRUSTED:
        return found
    scores = log_odds(probabilities)[np.arange(len(labels)), labels]
    typical = max(float(np.median(np.abs(scores))), _LEAST_SCORE)
    for fold in range(FOLDS):
        mine = np.abs(scores[folds == fold])
        if len(mine) >= LEAST_TRUSTED // FOLDS:
            found[fold] = typical / max(float(np.median(mine)), _LEAST_SCORE)
    return np.clip(found, 1.0 / _MOST_SHARPNESS, _MOST_SHARPNESS)


class _Known(NamedTuple):
    """What serves every fold: ``weights`` (n,) of rows, and ``out_of_bag`` (n, C) for the trees.

    The trees' bootstraps left each row out anyway.
    """

    weights: Floats
    out_of_bag: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _OutOfFold:
    probabilities: Floats
    models: tuple[ClassModels, ...]


def _out_of_fold(
    table: LabelledMatrix,
    folds_of: tuple[Folds, Folds],
    classes: int,
    seed: int,
    known: _Known | None,
) -> _OutOfFold:
    """Fit models on all folds but one, each fold in turn, and ask them about the one left out.

    Without ``known`` each fold's models have a first look, and trees, of their own, so that
    nothing in them knows the rows left out. ``folds_of`` are those of examples and of V.
    """
    folds = np.concatenate(folds_of)
    probabilities: Floats | None = None
    models = []
    for fold in range(FOLDS):
        left_out = np.flatnonzero(folds == fold)
        kept = np.flatnonzero(folds != fold)
        part = LabelledMatrix(table.rows[kept], table.labels[kept])
        own_seed = seed + 1 + fold
        if known is None:
            before = int(np.searchsorted(kept, len(folds_of[0])))
            weights = learning_weights(part, before, classes, own_seed)
        else:
            weights = known.weights[kept]
        fitted = fit_models(part, classes, own_seed, weights=weights, forest=known is None).models
        found = fitted.probabilities(table.rows[left_out])
        if probabilities is None:
            probabilities = np.empty((len(found), len(folds), classes))
        probabilities[:, left_out] = found
        models.append(fitted)
    assert probabilities is not None
    if known is not None:
        probabilities[0] = known.out_of_bag
    return _OutOfFold(probabilities, tuple(models))
