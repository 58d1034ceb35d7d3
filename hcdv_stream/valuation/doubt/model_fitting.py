"""Fits the models of a doubt model on labelled rows, of which some count twice and some not at all.

The three models err in different ways: randomised trees, smoothed by leaves of five, follow any
shape; a boosting of few small trees finds sharp edges; logistic regression does not follow noise.
None is large, since a model that learns wrong labels by heart does not doubt them.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.doubt.folds import stratified_folds
from hcdv_stream.valuation.doubt.labelled_matrix import LabelledMatrix
from hcdv_stream.valuation.doubt.linear import LinearScores, coefficient_units
from hcdv_stream.valuation.doubt.model import ClassModels, kept_apart
from hcdv_stream.valuation.doubt.tree_layout import Branches, constant, joined, laid_out
from hcdv_stream.valuation.doubt.trees import Matrix, TreeEnsemble

Labels = npt.NDArray[np.int16]

TREES, FIRST_TREES, LEAF, MOST_FEATURES = 100, 50, 5, 64
"""Randomised trees, those of a first look, the fewest rows of a leaf, and the most features tried
at a node."""
ROUNDS, BOOSTED_LEAVES, MOST_BOOSTED = 40, 15, 640
"""The boosting's rounds, leaves of a tree, and the most trees over all classes."""
MOST_ROWS = 20_000
"""Rows that models are fitted on; of more, a stratified draw."""
MOST_OUTPUTS = 16 << 20
"""Outputs of the trees' leaves, all classes together, which bounds a bundle's size."""
_ABSENT = -30.0
"""The score of a class that no row had."""


class FittedModels(NamedTuple):
    """Models, and what each row's label gets from the trees that had not drawn it, (n, C)."""

    models: ClassModels
    out_of_bag: Floats


class _Lesson(NamedTuple):
    """What models are fitted on: ``codes`` (n,) index the classes that are ``present``."""

    rows: Matrix
    codes: npt.NDArray[np.int64]
    weights: Floats
    present: Labels
    classes: int
    seed: int

    @classmethod
    def of(cls, table: LabelledMatrix, weights: Floats, classes: int, seed: int) -> "_Lesson":
        present = np.unique(table.labels)
        codes = np.searchsorted(present, table.labels)
        # A class of which nothing counts would be none to some of the models.
        counted = np.bincount(codes, weights) > 0.0
        weights = np.where(counted[codes], weights, 1.0)
        return cls(table.rows, codes, weights, present, classes, seed)


def fit_models(
    table: LabelledMatrix,
    classes: int,
    seed: int,
    *,
    weights: Floats | None = None,
    forest: bool = True,
) -> FittedModels:
    """Fit the three models on labelled rows; a class without rows is given no chance.

    Without ``weights`` (n,), whole numbers, all rows count alike; without ``forest`` the trees say
    nothing.
    """
    drawn = drawn_rows(table, seed)
    weights = np.ones(len(table.labels)) if weights is None else weights
    part = LabelledMatrix(table.rows[drawn], table.labels[drawn])
    lesson = _Lesson.of(part, weights[drawn], classes, seed)
    rounds = min(ROUNDS, MOST_BOOSTED // classes)
    boosting, baseline = None, np.zeros(0)
    if rounds:
        boosting, baseline = _boosting(lesson, rounds)
    linear = _linear(lesson)
    if not forest:
        nothing = joined([constant(classes)], groups=1)
        return FittedModels(ClassModels(nothing, linear, boosting, baseline), np.zeros((0, 0)))
    fitted = _forest(lesson, TREES)
    models = ClassModels(_tree_ensemble(fitted, lesson), linear, boosting, baseline)
    bag = _out_of_bag(fitted, lesson)
    left_out = models.tree_probabilities(table.rows) if len(drawn) < len(table.rows) else bag
    left_out[drawn] = bag
    return FittedModels(models, kept_apart(left_out))


def out_of_bag(table: LabelledMatrix, classes: int, seed: int) -> Floats:
    """Return what few trees, that had not drawn a row, give each of its classes, (n, C)."""
    lesson = _Lesson.of(table, np.ones(len(table.labels)), classes, seed)
    return kept_apart(_out_of_bag(_forest(lesson, FIRST_TREES), lesson))


def drawn_rows(table: LabelledMatrix, seed: int) -> npt.NDArray[np.intp]:
    """Return at most MOST_ROWS rows, each class in the same proportions."""
    n = len(table.labels)
    if n <= MOST_ROWS:
        return np.arange(n)
    parts = -(-n // MOST_ROWS)
    folds = stratified_folds(table.labels, np.random.default_rng([seed, 0xD1]), parts)
    return np.flatnonzero(folds == 0)


def _forest(lesson: _Lesson, trees: int) -> ExtraTreesClassifier:
    return ExtraTreesClassifier(
        n_estimators=trees,
        bootstrap=True,
        oob_score=True,
        min_samples_leaf=LEAF,
        max_features=min(max(1, -(-lesson.rows.shape[1] // 2)), MOST_FEATURES),
        max_leaf_nodes=_most_leaves(len(lesson.rows), lesson.classes),
        random_state=lesson.seed,
    ).fit(lesson.rows, lesson.codes, lesson.weights)


def _tree_ensemble(forest: ExtraTreesClassifier, lesson: _Lesson) -> TreeEnsemble:
    trees = []
    for fitted in forest.estimators_:
        tree = fitted.tree_
        shares = np.zeros((tree.node_count, lesson.classes))
        shares[:, lesson.present] = tree.value[:, 0, :]
        branches = Branches(
            tree.feature, tree.threshold, tree.children_left, tree.children_right, shares
        )
        trees.append(laid_out(branches))
    return joined(trees, groups=1)


def _out_of_bag(forest: ExtraTreesClassifier, lesson: _Lesson) -> Floats:
    """Return the shares of each row from trees that had not drawn it, (n, C)."""
    bag = np.zeros((len(lesson.rows), lesson.classes))
    bag[:, lesson.present] = np.nan_to_num(
        forest.oob_decision_function_, nan=1.0 / len(lesson.present)
    )
    return bag


def _most_leaves(rows: int, classes: int) -> int | None:
    """Return the bound on a tree's leaves, None where the rows keep it anyway."""
    most = max(2, MOST_OUTPUTS // (2 * TREES * classes))
    return most if most < rows // LEAF else None


def _linear(lesson: _Lesson) -> LinearScores:
    wide, present, classes = lesson.rows.astype(np.float64), lesson.present, lesson.classes
    centre, scale = wide.mean(axis=0), wide.std(axis=0)
    scale = np.where(scale > 0.0, scale, 1.0)
    coefficients = np.zeros((wide.shape[1], classes))
    intercepts = np.full(classes, _ABSENT)
    if len(present) == 1:
        intercepts[present] = 0.0
    else:
        fitted = LogisticRegression(max_iter=300, tol=1e-3).fit(
            (wide - centre) / scale, lesson.codes, lesson.weights
        )
        scored = present[1:] if len(present) == 2 else present
        intercepts[present] = 0.0
        intercepts[scored] = fitted.intercept_
        coefficients[:, scored] = fitted.coef_.T
    return LinearScores(coefficient_units(coefficients), intercepts, centre, scale)


def _boosting(lesson: _Lesson, rounds: int) -> tuple[TreeEnsemble, Floats]:
    """Return trees round by round, one for each class (for the second alone of two)."""
    present, classes = lesson.present, lesson.classes
    groups = 1 if classes == 2 else classes
    if len(present) == 1:
        baseline = np.full(classes, _ABSENT)
        baseline[present] = 0.0
        both = baseline if groups > 1 else baseline[1:] - baseline[:1]
        return joined([constant(1)] * groups, groups), both
    # Given weights, it would look for weighted quantiles of every column, which takes seconds.
    taken = np.repeat(np.arange(len(lesson.rows)), lesson.weights.astype(np.int64))
    model = HistGradientBoostingClassifier(
        max_iter=rounds,
        max_leaf_nodes=BOOSTED_LEAVES,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=lesson.seed,
    ).fit(lesson.rows[taken], lesson.codes[taken])
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
