"""Every way of finding wrong labels that is compared: a task in, a score for each example out.

The lowest scores are the likeliest wrong. All get the same rows. V's rows go into the models of the
rivals that learn from labels too: whoever has checked labels would use them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from cleanlab.classification import CleanLearning
from cleanlab.data_valuation import data_shapley_knn
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from hcdv_stream.bundle.fitting import fit_schema
from hcdv_stream.bundle.gaps import matrix_with_gaps
from hcdv_stream.bundle.split import stratified_split
from hcdv_stream.estimator import HCDV
from hcdv_stream.experiments.common.datasets import Dataset
from hcdv_stream.experiments.common.noise import NoisyLabels, made_noisy
from hcdv_stream.learners.data_oob import data_oob
from hcdv_stream.valuation.doubt.doubt_training import train_doubt
from hcdv_stream.valuation.doubt.labelled_matrix import LabelledMatrix
from hcdv_stream.valuation.methods.baselines.knn_shapley import knn_shapley_euclidean

Scores = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int16]

DOUBT, FROZEN, VALUE = "doubt", "doubt, frozen", "value"
TRUSTED_SHARE = 0.2
"""Of at most 1,500 rows: as many trusted ones, 300, as calibration was chosen with."""
FROZEN_SHARE = 0.4
"""Share of the corpus that a bundle would be trained on, before the rest arrives."""
TREES, NEIGHBOURS = 100, 5


@dataclass(frozen=True, slots=True, eq=False)
class DetectionTask:
    """One set under one seed and kind of wrong labels.

    ``rows`` float32 (n, width) with ``noisy`` labels are searched, ``trusted`` rows are right.
    """

    name: str
    noise: str
    seed: int
    classes: int
    rows: npt.NDArray[np.float32]
    noisy: NoisyLabels
    trusted: LabelledMatrix

    @property
    def providers(self) -> list[str | None] | None:
        """Who provided each example, None where nobody is named."""
        named = any(name is not None for name in self.noisy.providers)
        return self.noisy.providers if named else None

    @property
    def everything(self) -> tuple[npt.NDArray[np.float64], Labels]:
        """Standardised features and labels of the examples and, behind them, of V."""
        rows = np.concatenate([self.rows, self.trusted.rows])
        labels = np.concatenate([self.noisy.labels, self.trusted.labels])
        return StandardScaler().fit_transform(rows.astype(np.float64)), labels


def detection_task(data: Dataset, noise: str, seed: int) -> DetectionTask:
    """Cut V off, make the rest noisy, encode the features; everything follows from ``seed``."""
    trusted, corpus = stratified_split(data.labels, (TRUSTED_SHARE,), seed)
    schema = fit_schema(data.take(corpus).columns)
    rows = matrix_with_gaps(schema, data.columns)
    classes = len(data.classes)
    noisy = made_noisy(noise, rows[corpus], data.labels[corpus], classes, seed)
    checked = LabelledMatrix(rows[trusted], data.labels[trusted])
    return DetectionTask(data.name, noise, seed, classes, rows[corpus], noisy, checked)


def doubt(task: DetectionTask) -> Scores:
    """Return the doubts of ``HCDV.doubt_``, below 0: out of fold, blind to providers."""
    found = train_doubt(
        LabelledMatrix(task.rows, task.noisy.labels),
        task.trusted,
        task.classes,
        seed=task.seed,
        providers=task.providers,
    )
    return -found.doubts.doubt


def frozen_doubt(task: DetectionTask) -> Scores:
    """Return what the model of a bundle says of rows that arrive later; NaN for its own."""
    labels = task.noisy.labels
    first, later = stratified_split(labels, (FROZEN_SHARE,), task.seed)
    owners = task.noisy.providers
    model = train_doubt(
        LabelledMatrix(task.rows[first], labels[first]),
        task.trusted,
        task.classes,
        seed=task.seed,
        providers=[owners[row] for row in first.tolist()] if task.providers else None,
    ).model
    scores = np.full(len(labels), np.nan)
    providers = [owners[row] for row in later.tolist()]
    scores[later] = -model.doubts(task.rows[later], labels[later], providers).doubt
    return scores


def value(task: DetectionTask) -> Scores:
    """Return the values of ``HCDV.fit`` with its defaults."""
    fitted = HCDV(random_state=task.seed).fit(
        task.rows,
        task.noisy.labels,
        task.trusted.rows,
        task.trusted.labels,
        provider=task.providers,
    )
    return np.asarray(fitted.values_)


def _cleanlab(model: object) -> Callable[[DetectionTask], Scores]:
    def scores(task: DetectionTask) -> Scores:
        features, labels = task.everything
        found = CleanLearning(model, seed=task.seed).find_label_issues(
            features, labels.astype(np.int64)
        )
        return np.asarray(found["label_quality"].to_numpy()[: len(task.rows)])

    return scores


def shapley_knn(task: DetectionTask) -> Scores:
    """Return cleanlab's k-NN Shapley values of the rows among themselves."""
    features, labels = task.everything
    found = data_shapley_knn(labels.astype(np.int64), features=features)
    return np.asarray(found)[: len(task.rows)]


def out_of_bag(task: DetectionTask) -> Scores:
    """Return Data-OOB."""
    features, labels = task.everything
    return data_oob(features, labels, TREES, task.seed).values[: len(task.rows)]


def knn_shapley(task: DetectionTask) -> Scores:
    """Return exact KNN-Shapley values on V, classes weighed equally."""
    features, labels = task.everything
    n = len(task.rows)
    return knn_shapley_euclidean(
        features[:n],
        labels[:n],
        features[n:],
        labels[n:],
        neighbours=NEIGHBOURS,
        class_weights=np.full(task.classes, 1.0 / task.classes),
    )


def forest_loss(task: DetectionTask) -> Scores:
    """Return the out-of-bag log-likelihood of each label under a random forest."""
    features, labels = task.everything
    forest = RandomForestClassifier(TREES, oob_score=True, random_state=task.seed)
    forest.fit(features, labels)
    given = forest.oob_decision_function_[np.arange(len(labels)), labels]
    scores: Scores = np.log(np.maximum(np.nan_to_num(given), 1e-12))
    return scores[: len(task.rows)]


CLEANLAB = ("cleanlab, logistic regression", "cleanlab, gradient boosting")
METHODS: Mapping[str, Callable[[DetectionTask], Scores]] = {
    DOUBT: doubt,
    FROZEN: frozen_doubt,
    VALUE: value,
    CLEANLAB[0]: _cleanlab(LogisticRegression(max_iter=1000)),
    CLEANLAB[1]: _cleanlab(HistGradientBoostingClassifier()),
    "cleanlab, data_shapley_knn": shapley_knn,
    "Data-OOB": out_of_bag,
    "KNN-Shapley on V": knn_shapley,
    "out-of-bag loss, random forest": forest_loss,
}
RIVALS = tuple(name for name in METHODS if name not in {DOUBT, FROZEN, VALUE})
