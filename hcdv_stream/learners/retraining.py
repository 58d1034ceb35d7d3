"""Any scikit-learn classifier as a learner: cloned and fitted on every coalition."""

from typing import Any

import numpy as np
from sklearn.base import clone

from hcdv_stream.learners.task import Task
from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.methods.utility import Membership


class Retraining:
    """Fits ``estimator`` on members, predicts V.

    A coalition of one class always answers that class;
    a class that a coalition lacks gets probability 0. Estimators without ``predict_proba`` vote
    with ``predict``. Every parameter named ``random_state`` is set to ``seed``, so that the same
    coalition always gets the same model.
    """

    def __init__(self, estimator: Any, task: Task, seed: int = 0) -> None:
        self._estimator = clone(estimator)
        names = [n for n in self._estimator.get_params() if n.split("__")[-1] == "random_state"]
        self._estimator.set_params(**dict.fromkeys(names, seed))
        self._task = task
        self.judges = task.judges

    @property
    def players(self) -> int:
        return len(self._task.labels)

    def prepare(self, membership: Membership) -> None:
        """Share nothing."""

    def scores(self, membership: Membership) -> Floats:
        """Fit one model a coalition."""
        scores = np.zeros((len(membership), len(self.judges), self._task.classes))
        for place, members in enumerate(membership):
            labels = self._task.labels[members]
            present = np.unique(labels)
            if len(present) == 1:
                scores[place, :, present[0]] = 1.0
                continue
            model = clone(self._estimator).fit(self._task.features[members], labels)
            if hasattr(model, "predict_proba"):
                scores[place][:, model.classes_] = model.predict_proba(self._task.judge_features)
            else:
                votes = model.predict(self._task.judge_features).astype(np.intp)
                scores[place, np.arange(len(votes)), votes] = 1.0
        return scores
