"""What a learner is given: examples to train on, and V to judge with."""

from dataclasses import dataclass

import numpy as np

from hcdv_stream.learners.metrics import Labels
from hcdv_stream.valuation.arrays import Floats


@dataclass(frozen=True, slots=True)
class Task:
    """n examples to train on and the v examples of V to score on.

    Parameters
    ----------
    features : ndarray of shape (n, width)
        The examples.
    labels : ndarray of int16 of shape (n,)
        Their class indices.
    validation_features : ndarray of shape (v, width)
        V.
    validation_labels : ndarray of int16 of shape (v,)
        The class indices of V.
    classes : int
        How many classes there are.

    Raises
    ------
    ValueError
        If they do not fit together.

    Examples
    --------
    >>> import numpy as np
    >>> from hcdv_stream.methods import Task
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1], np.int16)
    >>> task = Task(X, y, X, y, classes=2)
    >>> task.features.shape
    (4, 1)

    """

    features: Floats
    labels: Labels
    validation_features: Floats
    validation_labels: Labels
    classes: int

    def __post_init__(self) -> None:
        pairs = ((self.features, self.labels), (self.validation_features, self.validation_labels))
        for name, (rows, labels) in zip(("features", "validation_features"), pairs, strict=True):
            if rows.ndim != 2 or len(rows) != len(labels):
                raise ValueError(
                    f"{name} must have a row for each of {len(labels)} labels, got {rows.shape}"
                )
            if len(labels) and not 0 <= int(np.min(labels)) <= int(np.max(labels)) < self.classes:
                raise ValueError(f"labels must lie in 0 to {self.classes - 1}")
        if self.features.shape[1] != self.validation_features.shape[1]:
            raise ValueError(
                f"validation_features must be {self.features.shape[1]} wide as features are, "
                f"got {self.validation_features.shape[1]}"
            )
