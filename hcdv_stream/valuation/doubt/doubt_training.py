"""Fits the doubt model: on labelled rows and V together, out of fold for the rows at hand.

The three models err in different ways: randomised trees, smoothed by leaves of five, follow any
shape; a boosting of few small trees finds sharp edges; logistic regression does not follow noise.
None is large, since a model that learns wrong labels by heart does not doubt them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
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
from hcdv_stream.valuation.doubt.linear import LinearScores, coefficient_units
from hcdv_stream.valuation.doubt.model import (
    ClassModels,
    DoubtModel,
    Doubts,
    doubts_of,
    kept_apart,
    log_odds,
)
from hcdv_stream.valuation.doubt.tree_layout import Branches, constant, joined, laid_out
from hcdv_stream.valuation.doubt.trees import Matrix, TreeEnsemble

Labels = npt.NDArray[np.int16]

TREES, LEAF, MOST_FEATURES = 100, 5, 64
"""Randomised trees, the fewest rows of a leaf, and the most features tried at a node."""
ROUNDS, BOOSTED_LEAVES, MOST_BOOSTED = 40, 15, 640
"""The boosting's rounds, leaves of a tree, and the most trees over all classes."""
MOST_ROWS = 20_000
"""Rows that models are fitted on; of more, a stratified draw."""
MOST_OUTPUTS = 16 << 20
"""Outputs of the trees' leaves, all classes together, which bounds a bundle's size."""
_LEAST_SCORE, _MOST_SHARPNESS = 0.05, 4.0
_ABSENT = -30.0
"""The score of a class that no row had."""


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
    whole = fit_models(both, classes, seed)
    parts = _out_of_fold(
        both, np.concatenate([folds, judging]), classes, seed, None if sighted else whole.out_of_bag
    )
    n = len(examples.labels)
    own, theirs = parts.probabilities[:, :n], parts.probabilities[:, n:]
    known = _scores(theirs, trusted.labels)
    sharpness = _sharpness(known, judging) if sighted else np.ones(FOLDS)
    calibration = calibrate(
        _scores(own, examples.labels) * sharpness[folds],
        examples.labels,
        known * sharpness[judging],
        trusted.labels,
        classes,
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
        np.zeros(0, np.uint64) if prints is None else np.unique(prints[_drawn(both, seed)]),
    )
    curve = None
    if by_validation:
        curve = calibration_curve(
            calibration,
            log_odds(theirs) * sharpness[judging][:, None],
            trusted.labels,
            doubts.doubt,
            examples.labels,
        )
    return TrainedDoubt(model, doubts, curve)


def _scores(probabilities: Floats, labels: Labels) -> Floats:
    return -log_odds(probabilities)[np.arange(len(labels)), labels]


def _sharpness(scores: Floats, folds: Folds) -> Floats:
    """Return what makes a typical score of V, (v,), alike in every fold; 1 where V says nothing.

    Models that have not seen a provider of wrong labels are surer than those that have. V, scored
    by all of them, would otherwise look unlike the examples that only some of them score.
    """
    found = np.ones(FOLDS)
    if len(scores) < LEAST_TRUSTED:
        return found
    typical = max(float(np.median(np.abs(scores))), _LEAST_SCORE)
    for fold in range(FOLDS):
        mine = np.abs(scores[folds == fold])
        if len(mine) >= LEAST_TRUSTED // FOLDS:
            found[fold] = typical / max(float(np.median(mine)), _LEAST_SCORE)
    return np.clip(found, 1.0 / _MOST_SHARPNESS, _MOST_SHARPNESS)


@dataclass(frozen=True, slots=True, eq=False)
class _OutOfFold:
    probabilities: Floats
    models: tuple[ClassModels, ...]


def _out_of_fold(
    table: LabelledMatrix, folds: Folds, classes: int, seed: int, out_of_bag: Floats | None
) -> _OutOfFold:
    """Fit models on all folds but one, each fold in turn, and ask them about the one left out.

    ``out_of_bag`` (n, C) spares the folds' trees, whose bootstraps left each row out anyway.
    """
    probabilities: Floats | None = None
    models = []
    for fold in range(FOLDS):
        left_out = np.flatnonzero(folds == fold)
        kept = np.flatnonzero(folds != fold)
        part = LabelledMatrix(table.rows[kept], table.labels[kept])
        fitted = fit_models(part, classes, seed + 1 + fold, forest=out_of_bag is None).models
        found = fitted.probabilities(table.rows[left_out])
        if probabilities is None:
            probabilities = np.empty((len(found), len(folds), classes))
        probabilities[:, left_out] = found
        models.append(fitted)
    assert probabilities is not None
    if out_of_bag is not None:
        probabilities[0] = out_of_bag
    return _OutOfFold(probabilities, tuple(models))


class FittedModels(NamedTuple):
    """Models, and what each row's label gets from the trees that had not drawn it, (n, C)."""

    models: ClassModels
    out_of_bag: Floats


def fit_models(
    table: LabelledMatrix, classes: int, seed: int, *, forest: bool = True
) -> FittedModels:
    """Fit the three models on labelled rows; a class without rows is given no chance.

    Without ``forest`` the trees say nothing.
    """
    drawn = _drawn(table, seed)
    rows, labels = table.rows[drawn], table.labels[drawn]
    present = np.unique(labels)
    codes = np.searchsorted(present, labels)
    rounds = min(ROUNDS, MOST_BOOSTED // classes)
    boosting, baseline = None, np.zeros(0)
    if rounds:
        boosting, baseline = _boosting(rows, codes, present, classes, (rounds, seed))
    linear = _linear(rows, codes, present, classes)
    if not forest:
        nothing = joined([constant(classes)], groups=1)
        return FittedModels(ClassModels(nothing, linear, boosting, baseline), np.zeros((0, 0)))
    trees, bag = _forest(rows, codes, present, classes, seed)
    models = ClassModels(trees, linear, boosting, baseline)
    left_out = models.tree_probabilities(table.rows) if len(rows) < len(table.rows) else bag
    left_out[drawn] = bag
    return FittedModels(models, kept_apart(left_out))


def _drawn(table: LabelledMatrix, seed: int) -> npt.NDArray[np.intp]:
    """Return at most MOST_ROWS rows, each class in the same proportions."""
    n = len(table.labels)
    if n <= MOST_ROWS:
        return np.arange(n)
    parts = -(-n // MOST_ROWS)
    folds = stratified_folds(table.labels, np.random.default_rng([seed, 0xD1]), parts)
    return np.flatnonzero(folds == 0)


def _forest(
    rows: Matrix, codes: npt.NDArray[np.int64], present: Labels, classes: int, seed: int
) -> tuple[TreeEnsemble, Floats]:
    """Return the trees, and the shares of each row from those that had not drawn it, (n, C)."""
    forest = ExtraTreesClassifier(
        n_estimators=TREES,
        bootstrap=True,
        oob_score=True,
        min_samples_leaf=LEAF,
        max_features=min(max(1, -(-rows.shape[1] // 2)), MOST_FEATURES),
        max_leaf_nodes=_most_leaves(len(rows), classes),
        random_state=seed,
    ).fit(rows, codes)
    trees = []
    for fitted in forest.estimators_:
        tree = fitted.tree_
        shares = np.zeros((tree.node_count, classes))
        shares[:, present] = tree.value[:, 0, :]
        branches = Branches(
            tree.feature, tree.threshold, tree.children_left, tree.children_right, shares
        )
        trees.append(laid_out(branches))
    bag = np.zeros((len(rows), classes))
    bag[:, present] = np.nan_to_num(forest.oob_decision_function_, nan=1.0 / len(present))
    return joined(trees, groups=1), bag


def _most_leaves(rows: int, classes: int) -> int | None:
    """Return the bound on a tree's leaves, None where the rows keep it anyway."""
    most = max(2, MOST_OUTPUTS // (2 * TREES * classes))
    return most if most < rows // LEAF else None


def _linear(
    rows: Matrix, codes: npt.NDArray[np.int64], present: Labels, classes: int
) -> LinearScores:
    wide = rows.astype(np.float64)
    centre, scale = wide.mean(axis=0), wide.std(axis=0)
    scale = np.where(scale > 0.0, scale, 1.0)
    coefficients = np.zeros((rows.shape[1], classes))
    intercepts = np.full(classes, _ABSENT)
    if len(present) == 1:
        intercepts[present] = 0.0
    else:
        fitted = LogisticRegression(max_iter=300, tol=1e-3).fit((wide - centre) / scale, codes)
        scored = present[1:] if len(present) == 2 else present
        intercepts[present] = 0.0
        intercepts[scored] = fitted.intercept_
        coefficients[:, scored] = fitted.coef_.T
    return LinearScores(coefficient_units(coefficients), intercepts, centre, scale)


def _boosting(
    rows: Matrix,
    codes: npt.NDArray[np.int64],
    present: Labels,
    classes: int,
    size: tuple[int, int],
) -> tuple[TreeEnsemble, Floats]:
    """Return trees round by round, one for each class (for the second alone of two)."""
    rounds, seed = size
    groups = 1 if classes == 2 else classes
    if len(present) == 1:
        baseline = np.full(classes, _ABSENT)
        baseline[present] = 0.0
        both = baseline if groups > 1 else baseline[1:] - baseline[:1]
        return joined([constant(1)] * groups, groups), both
    model = HistGradientBoostingClassifier(
        max_iter=rounds,
        max_leaf_nodes=BOOSTED_LEAVES,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=seed,
    ).fit(rows, codes)
    scored = (present[1:] if len(present) == 2 else present).tolist()
    columns = [scored.index(label) if label in scored else None for label in range(classes)]
    if groups == 1:
        columns = columns[1:]
    trees = []
    for predictors in model._predictors:
        for column in columns:
            trees.append(constant(1) if column is None else _boosted(predictors[column].nodes))
    baseline = np.full(classes, _ABSENT)
    baseline[present] = 0.0
    baseline[scored] = np.ravel(model._baseline_prediction)
    return joined(trees, groups), baseline[1:] if groups == 1 else baseline


def _boosted(nodes: npt.NDArray[np.void]) -> TreeEnsemble:
    leaf = nodes["is_leaf"].astype(bool)
    return laid_out(
        Branches(
            nodes["feature_idx"],
            nodes["num_threshold"],
            np.where(leaf, -1, nodes["left"].astype(np.int64)),
            np.where(leaf, -1, nodes["right"].astype(np.int64)),
            nodes["value"][:, None],
        )
    )
