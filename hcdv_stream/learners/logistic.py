"""Multinomial logistic regression on many coalitions at once, as scikit-learn defines it.

For a coalition S of the examples, scikit-learn's ``LogisticRegression`` (L2 penalty, intercept free
of it) minimises ``logistic_objective`` with the penalty κ/(C·|S|), κ = 1, or 2 where S holds two
classes: the same model as its binary one, whose only vector is the difference of two opposite rows.
Classes that S lacks stay out. The optimum is unique in what is predicted, so this is the same
learner; like scikit-learn's lbfgs it stops where no entry of the gradient exceeds ``tolerance``,
both stopping a little beside the same optimum: predictions may differ where two classes are about
even, and agree as the tolerance shrinks.

What makes it fast: one matrix product for all coalitions of a chunk, a start near the answer and a
good metric for the steps (``logistic_reference``). Which coalitions share a chunk matters to an
answer only through rounding.
"""

import numpy as np
import numpy.typing as npt

from hcdv_stream.learners.lbfgs import minimise
from hcdv_stream.learners.logistic_objective import (
    Objective,
    classes_present,
    penalties_of,
    softmax,
)
from hcdv_stream.learners.logistic_reference import Reference, reference
from hcdv_stream.learners.task import Task
from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.methods.utility import Membership

TOLERANCE = 1e-4
MOST_STEPS = 1000
SMALLEST = 16
"""Coalitions below that size share a reference."""


class Logistic:
    """Multinomial logistic regression as a learner, many coalitions at once.

    A coalition of one class always answers that class.

    Parameters
    ----------
    task : Task
        The examples and V.
    strength : float, default=1.0
        scikit-learn's C.
    tolerance : float, default=1e-4
        The largest entry of the gradient at which it stops.

    Examples
    --------
    >>> import numpy as np
    >>> from hcdv_stream.methods import Logistic, Task
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1], np.int16)
    >>> task = Task(X, y, X, y, classes=2)
    >>> Logistic(task).scores(np.ones((1, 4), bool)).argmax(axis=2).tolist()
    [[0, 0, 1, 1]]

    """

    def __init__(self, task: Task, strength: float = 1.0, tolerance: float = TOLERANCE) -> None:
        for name, number in (("strength", strength), ("tolerance", tolerance)):
            if not number > 0:
                raise ValueError(f"{name} must be above 0, got {number}")
        centre = task.features.mean(axis=0)
        self._rows = _with_intercept(task.features - centre)
        self._validation_rows = _with_intercept(task.validation_features - centre)
        self._labels = task.labels.astype(np.intp)
        self._classes = task.classes
        self._strength = strength
        self._tolerance = tolerance
        self._references: dict[int, Reference] = {}
        self.validation_labels = task.validation_labels

    @property
    def players(self) -> int:
        return len(self._labels)

    def prepare(self, membership: Membership) -> None:
        """Work out the references of these sizes."""
        for halvings in np.unique(self._halvings(membership)).tolist():
            if halvings not in self._references:
                self._references[halvings] = reference(
                    self._rows,
                    self._labels,
                    self._classes,
                    self._strength,
                    self.players / 2**halvings,
                )

    def scores(self, membership: Membership) -> Floats:
        """Return the probabilities on V, (P, v, C); a class that is lacking has 0."""
        present = classes_present(membership, self._labels, self._classes)
        answers = self._validation_rows @ self.weights(membership).swapaxes(1, 2)
        return softmax(np.where(present[:, None, :], answers, -np.inf))

    def weights(self, membership: Membership) -> Floats:
        """Fit a model to each coalition.

        Parameters
        ----------
        membership : ndarray of bool of shape (P, n)
            P coalitions of n examples.

        Returns
        -------
        ndarray of shape (P, C, width + 1)
            The weights of each class, the intercept last, for features less the mean of all n. A
            class that a coalition lacks has zeros.

        """
        self.prepare(membership)
        halvings = self._halvings(membership)
        weights = np.zeros((len(membership), self._classes, self._rows.shape[1]))
        for number in np.unique(halvings).tolist():
            chosen = np.flatnonzero(halvings == number)
            weights[chosen] = self._fit(membership[chosen], self._references[number])
        return weights

    def _fit(self, membership: Membership, near: Reference) -> Floats:
        used = np.flatnonzero(membership.any(axis=0))
        present = classes_present(membership, self._labels, self._classes)
        sizes = membership.sum(axis=1).astype(np.float64)
        penalties = penalties_of(sizes, present, self._strength)
        objective = Objective(
            self._rows[used],
            self._labels[used],
            membership[:, used],
            present,
            penalties=penalties,
            metric=near,
        )
        start = (near.weights * present[:, :, None]).reshape(len(membership), -1)
        found = minimise(objective, start, self._tolerance, MOST_STEPS)
        return found.reshape(len(membership), *near.weights.shape)

    def _halvings(self, membership: Membership) -> npt.NDArray[np.int64]:
        """How often n is to be halved to come nearest to each coalition's size (or SMALLEST)."""
        sizes = np.maximum(membership.sum(axis=1), SMALLEST)
        halvings: npt.NDArray[np.float64] = np.log2(self.players / sizes)
        return np.maximum(np.rint(halvings), 0.0).astype(np.int64)


def _with_intercept(features: Floats) -> Floats:
    return np.concatenate([features, np.ones((len(features), 1))], axis=1)
