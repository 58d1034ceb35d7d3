"""v(S) = a metric, on V, of a model trained on S: the game behind every retraining method.

Coalitions are handed to the learner in chunks of a fixed size, and whole chunks to the processes,
with one BLAS thread each: the values do not depend on how many processes there are.
"""

from functools import cache
from typing import Protocol

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import ThreadpoolController

from hcdv_stream.learners.metrics import Labels, Metric, accuracy
from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.methods.utility import Membership

CHUNK = 32
"""Coalitions that a learner gets at once."""


class Learner(Protocol):
    """A way of training on coalitions of its n examples, with a V to be evaluated on."""

    @property
    def players(self) -> int:
        """How many examples there are, n."""

    @property
    def validation_labels(self) -> Labels:
        """Labels of V, (v,)."""

    def prepare(self, membership: Membership) -> None:
        """Work out once what scoring these coalitions shares.

        Parameters
        ----------
        membership : ndarray of bool of shape (P, n)
            P coalitions of n examples.

        """

    def scores(self, membership: Membership) -> Floats:
        """Train on coalitions, none of them empty, and score V.

        Parameters
        ----------
        membership : ndarray of bool of shape (P, n)
            P coalitions of n examples.

        Returns
        -------
        ndarray of shape (P, v, C)
            The score of each class for each example of V.

        """


class TrainedUtility:
    """The game of a learner under a metric: what a model trained on a coalition is worth.

    Parameters
    ----------
    learner : Learner
        What is trained, such as `Logistic` or `Retraining`.
    metric : callable, default=accuracy
        Gets scores (P, v, C) and labels (v,) and returns what P models are worth, (P,).
    jobs : int, default=1
        The number of processes, as joblib counts them.
    empty : float, default=0.0
        What no data is worth.

    Examples
    --------
    >>> import numpy as np
    >>> from hcdv_stream.methods import Logistic, Task, TrainedUtility
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1], np.int16)
    >>> task = Task(X, y, X, y, classes=2)
    >>> game = TrainedUtility(Logistic(task))
    >>> game(np.array([[False] * 4, [True] * 4])).tolist()
    [0.0, 1.0]

    """

    def __init__(
        self, learner: Learner, metric: Metric = accuracy, jobs: int = 1, empty: float = 0.0
    ) -> None:
        self._learner = learner
        self._metric = metric
        self._jobs = jobs
        self._empty = empty

    @property
    def players(self) -> int:
        return self._learner.players

    def __call__(self, membership: Membership) -> Floats:
        worth = np.full(len(membership), self._empty)
        rows = np.flatnonzero(membership.any(axis=1))
        if len(rows):
            self._learner.prepare(membership[rows])
            chunks = [membership[rows[at : at + CHUNK]] for at in range(0, len(rows), CHUNK)]
            parallel = Parallel(n_jobs=self._jobs)
            found = parallel(delayed(_worth)(self._learner, self._metric, c) for c in chunks)
            worth[rows] = np.concatenate(found)
        return worth


def _worth(learner: Learner, metric: Metric, membership: Membership) -> Floats:
    with _threads().limit(limits=1):
        return metric(learner.scores(membership), learner.validation_labels)


@cache
def _threads() -> ThreadpoolController:
    """Look once which libraries have threads: that takes milliseconds."""
    return ThreadpoolController()
