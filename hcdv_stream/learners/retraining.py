"""Any scikit-learn classifier as a learner: cloned and fitted on every coalition."""

from typing import Any

import numpy as np
from sklearn.base import clone

from hcdv_stream.learners.task import Task
from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.methods.utility import Membership


class Retraining:
    """A scikit-learn classifier as a learner: fitted on each coalition, asked about V.

    A coalition of one class always answers that class; a class that a coalition lacks gets
    probability 0. Classifiers without ``predict_proba`` vote with ``predict``.

    Parameters
    ----------
    estimator : scikit-learn classifier
        Cloned for each coalition.
    task : Task
        The examples and V.
    seed : int, default=0
        Every parameter named ``random_state`` is set to it, so that a coalition always gets the
        same model.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> import numpy as np
    >>> from hcdv_stream.methods import Retraining, Task, TrainedUtility
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1], np.int16)
    >>> task = Task(X, y, X, y, classes=2)
    >>> game = TrainedUtility(Retraining(DecisionTreeClassifier(), task))
    >>> game(np.array([[True, False, True, False]])).tolist()
    [1.0]

    """

    def __init__(self, estimator: Any, task: Task, seed: int = 0) -> None:
        self._estimator = clone(estimator)
        names = [n for n in self._estimator.get_params() if n.split("__")[-1] == "random_state"]
        self._estimator.set_params(**dict.fromkeys(names, seed))
        self._task = task
        self.validation_labels = task.validation_labels

    @property
    def players(self) -> int:
        return len(self._task.labels)

    def prepare(self, membership: Membership) -> None:
        """Share nothing."""

    def scores(self, membership: Membership) -> Floats:
        """Fit one model a coalition."""
        scores = np.zeros((len(membership), len(self.validation_labels), self._task.classes))
        for place, members in enumerate(membership):
            labels = self._task.labels[members]
            present = np.unique(labels)
            if len(present) == 1:
                scores[place, :, present[0]] = 1.0
                continue
            model = clone(self._estimator).fit(self._task.features[members], labels)
            if hasattr(model, "predict_proba"):
                scores[place][:, model.classes_] = model.predict_proba(
                    self._task.validation_features
                )
            else:
                votes = model.predict(self._task.validation_features).astype(np.intp)
                scores[place, np.arange(len(votes)), votes] = 1.0
        return scores
