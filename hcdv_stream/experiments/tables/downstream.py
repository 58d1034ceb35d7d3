"""What a model trained on chosen examples is worth, by the metric that the paper names for a set.

Gradient boosting of 30 rounds, each class of the chosen examples weighing the same, so that a
choice is scored by its examples and not by how many of each class it holds.
"""

from typing import Literal

from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import accuracy_score, balanced_accuracy_score, roc_auc_score

from hcdv_stream.experiments.common.measures import DownstreamModel, Rows

Metric = Literal["AUC", "balanced accuracy", "accuracy"]

ROUNDS, RATE = 30, 0.2


def utility(metric: Metric, downstream: DownstreamModel, rows: Rows) -> float:
    """Train on ``rows`` of the model's candidates, labels as observed; score on its clean rows.

    AUC is that of two classes; a model that knows one class alone ranks nothing: ½.
    """
    model = HistGradientBoostingClassifier(
        max_iter=ROUNDS,
        learning_rate=RATE,
        categorical_features=downstream.categorical,
        class_weight="balanced",
        early_stopping=False,
        random_state=0,
    )
    model.fit(downstream.candidates[rows], downstream.labels[rows])
    if metric == "AUC":
        if len(model.classes_) < 2:
            return 0.5
        return float(
            roc_auc_score(downstream.test_labels, model.predict_proba(downstream.test)[:, 1])
        )
    measure = accuracy_score if metric == "accuracy" else balanced_accuracy_score
    return float(measure(downstream.test_labels, model.predict(downstream.test)))
