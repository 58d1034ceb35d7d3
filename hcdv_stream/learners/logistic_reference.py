"""The model of everything, penalised as if it were a smaller coalition: where fits start from.

A random coalition's loss is close to that of all n examples, so its optimum is near the optimum of
the whole under the coalition's own penalty, and its Hessian near that Hessian. The latter is kept
by eigenvalues, which makes its inverse under any penalty two matrix products; where it has more
than MOST_DENSE rows, by its diagonal.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcdv_stream.learners.lbfgs import minimise
from hcdv_stream.learners.logistic_objective import (
    Codes,
    Objective,
    classes_present,
    penalties_of,
    softmax,
)

Floats = npt.NDArray[np.float64]

MOST_DENSE = 1200
_TOLERANCE = 1e-5
_MOST_STEPS = 500
_GUESS = 0.05
"""Curvature p(1 − p) of a class taken for granted before anything is known."""


@dataclass(frozen=True, slots=True)
class Reference:
    """``weights`` (C, width); the mean loss's Hessian by ``curvatures`` (m,) along ``axes`` (m, m).

    m = C·width; without axes they are the coordinates.
    """

    weights: Floats
    curvatures: Floats
    axes: Floats | None = None

    def inverse(self, gradients: Floats, penalties: Floats) -> Floats:
        """Apply (Hessian + penalty)^-1 to (Q, m), with a penalty for each, (Q,)."""
        scales = 1.0 / (self.curvatures + penalties[:, None])
        if self.axes is None:
            return gradients * scales
        steps: Floats = ((gradients @ self.axes) * scales) @ self.axes.T
        return steps


def reference(rows: Floats, labels: Codes, classes: int, strength: float, size: float) -> Reference:
    """Fit all n rows (n, width), intercept last, under the penalty of a coalition of ``size``."""
    everybody = np.ones((1, len(rows)), np.bool_)
    present = classes_present(everybody, labels, classes)
    penalties = penalties_of(np.array([size]), present, strength)
    squares = (rows * rows).mean(axis=0)
    guess = Reference(np.zeros((classes, rows.shape[1])), np.tile(_GUESS * squares, classes))
    whole = Objective(rows, labels, everybody, present, penalties=penalties, metric=guess)
    found = minimise(whole, guess.weights.reshape(1, -1), _TOLERANCE, _MOST_STEPS)
    weights = found.reshape(classes, -1)
    probabilities = softmax(np.where(present, rows @ weights.T, -np.inf))
    if weights.size > MOST_DENSE:
        spread = probabilities * (1.0 - probabilities)
        return Reference(weights, (spread.T @ (rows * rows) / len(rows)).reshape(-1))
    curvatures, axes = np.linalg.eigh(_hessian(rows, probabilities))
    return Reference(weights, np.maximum(curvatures, 0.0), np.ascontiguousarray(axes))


def _hessian(rows: Floats, probabilities: Floats) -> Floats:
    """Return the Hessian of the mean log-loss, (C·width, C·width)."""
    classes, width = probabilities.shape[1], rows.shape[1]
    hessian = np.empty((classes, width, classes, width))
    for one in range(classes):
        for other in range(one, classes):
            spread = probabilities[:, one] * (float(one == other) - probabilities[:, other])
            block = rows.T @ (spread[:, None] * rows) / len(rows)
            hessian[one, :, other] = block
            hessian[other, :, one] = block.T
    return hessian.reshape(classes * width, -1)
