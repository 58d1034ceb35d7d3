"""What makes values good: they find the wrong labels, and they choose what trains well."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from hcdv_stream.experiments.common.datasets import Dataset

Values = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int16]
Rows = npt.NDArray[np.int64]


def detection(values: Values, labels: Labels, flipped: npt.NDArray[np.bool_]) -> float:
    """Return the AUC of −value against the flips inside each observed class, averaged.

    Inside each class, since a method that merely calls the minority class worthless would find
    most flips of an unbalanced set (there they are most of what carries its label). Classes in
    which all or none is flipped do not count.
    """
    scores = []
    for label in np.unique(labels):
        rows = labels == label
        if 0 < flipped[rows].sum() < rows.sum():
            scores.append(float(roc_auc_score(flipped[rows], -values[rows])))
    if not scores:
        raise ValueError("no class holds both flipped and unflipped labels")
    return float(np.mean(scores))


def top(values: Values, share: float) -> Rows:
    """Return the rows of the highest values, ties by position."""
    return np.argsort(-values, kind="stable")[: round(share * len(values))]


@dataclass(frozen=True, slots=True)
class DownstreamModel:
    """Trains gradient boosting on chosen examples of ``candidates``, scores it on clean ``test``.

    ``candidates`` (n, width) and ``test`` are rows of one ``Dataset.matrix``; ``labels`` (n,) are
    the noisy ones.
    """

    candidates: Values
    labels: Labels
    test: Values
    test_labels: Labels
    categorical: npt.NDArray[np.bool_]
    iterations: int = 100

    def utility(self, rows: Rows, seed: int = 0) -> float:
        """Return the AUC on the test rows (macro one-versus-rest where there are many classes).

        Training on a single class ranks nothing: ½.
        """
        if len(np.unique(self.labels[rows])) < 2:
            return 0.5
        model = HistGradientBoostingClassifier(
            max_iter=self.iterations,
            categorical_features=self.categorical,
            early_stopping=False,
            random_state=seed,
        )
        model.fit(self.candidates[rows], self.labels[rows])
        scores = model.predict_proba(self.test)
        binary = scores.shape[1] == 2
        return float(
            roc_auc_score(self.test_labels, scores[:, 1])
            if binary
            else roc_auc_score(self.test_labels, scores, multi_class="ovr")
        )


def downstream_model(data: Dataset, valued: Rows, test: Rows, noisy: Labels) -> DownstreamModel:
    """Return the model for selections among ``valued``, whose labels in use are ``noisy``."""
    matrix = data.matrix()
    return DownstreamModel(matrix[valued], noisy, matrix[test], data.labels[test], data.categorical)
