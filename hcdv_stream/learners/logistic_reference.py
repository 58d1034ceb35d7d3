"""The model of everything, penalised as if it were a smaller coalition: where fits start from.

A random coalition's loss is close to that of all n examples, so its optimum is near the optimum of
the whole under the coalition's own penalty, and its Hessian near that Hessian. Of the latter each
class's own block is kept, by eigenvalues, which makes its inverse under any penalty two small
matrix products; the blocks between classes are left to the solver, which costs few more steps and
saves C times the work. Where a block has more than MOST_DENSE rows only its diagonal is kept.
"""

from dataclasses import dataclass

import numpy as np

from hcdv_stream.learners.lbfgs import minimise
from hcdv_stream.learners.logistic_objective import (
    Codes,
    Objective,
    classes_present,
    penalties_of,
    softmax,
)
from hcdv_stream.valuation.arrays import Floats

MOST_DENSE = 1000
_TOLERANCE = 1e-5
_MOST_STEPS = 500
_GUESS = 0.05
"""Curvature p(1 − p) of a class taken for granted before anything is known."""


@dataclass(frozen=True, slots=True)
class Reference:
    """``weights`` (C, width); each class's ``curvatures`` (C, width) along ``axes``.

    ``axes`` is (C, width, width), one a column; without them they are the coordinates.
    """

    weights: Floats
    curvatures: Floats
    axes: Floats | None = None

    def inverse(self, gradients: Floats, penalties: Floats) -> Floats:
        """Apply (Hessian + penalty)^-1 to (Q, C·width), with a penalty for each, (Q,)."""
        by_class = gradients.reshape(-1, *self.curvatures.shape).swapaxes(0, 1)
        steps: Floats = by_class if self.axes is None else by_class @ self.axes
        steps = steps / (self.curvatures[:, None] + penalties[None, :, None])
        if self.axes is not None:
            steps = steps @ self.axes.swapaxes(1, 2)
        return steps.swapaxes(0, 1).reshape(len(gradients), -1)


def reference(rows: Floats, labels: Codes, classes: int, strength: float, size: float) -> Reference:
    """Fit all n rows (n, width), intercept last, under the penalty of a coalition of ``size``."""
    everybody = np.ones((1, len(rows)), np.bool_)
    present = classes_present(everybody, labels, classes)
    penalties = penalties_of(np.array([size]), present, strength)
    squares = (rows * rows).mean(axis=0)
    zeros = np.zeros((classes, rows.shape[1]))
    guess = Reference(zeros, zeros + _GUESS * squares)
    whole = Objective(rows, labels, everybody, present, penalties=penalties, metric=guess)
    found = minimise(whole, zeros.reshape(1, -1), _TOLERANCE, _MOST_STEPS)
    weights = found.reshape(classes, -1)
    probabilities = softmax(np.where(present, rows @ weights.T, -np.inf))
    spread = probabilities * (1.0 - probabilities) / len(rows)
    if rows.shape[1] > MOST_DENSE:
        return Reference(weights, spread.T @ (rows * rows))
    blocks = np.stack([rows.T @ (own[:, None] * rows) for own in spread.T])
    curvatures, axes = np.linalg.eigh(blocks)
    return Reference(weights, np.maximum(curvatures, 0.0), axes)
