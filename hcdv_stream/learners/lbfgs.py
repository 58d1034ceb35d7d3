"""L-BFGS (Nocedal and Wright 2006, Algorithm 7.4) on many independent problems at once.

Each lane keeps its own history, step and stopping; lanes that are done leave the batch. Lanes share
nothing but the calls, so that many small matrix products become a few large ones.
"""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats

Lanes = npt.NDArray[np.int64]

MEMORY = 8
_SUFFICIENT = 1e-4
_HALVINGS = 30


class SmoothFunctions(Protocol):
    """A convex function of each lane."""

    def value(self, points: Floats, lanes: Lanes) -> tuple[Floats, Floats]:
        """Return values (Q,) and gradients (Q, m) at points (Q, m) of those lanes."""

    def precondition(self, gradients: Floats, lanes: Lanes) -> Floats:
        """Apply a rough inverse of the Hessian, positive definite, to (Q, m)."""


def minimise(
    functions: SmoothFunctions, start: Floats, tolerance: float, most_steps: int
) -> Floats:
    """Return the minimisers (P, m), from ``start``.

    A lane is done when no entry of its gradient exceeds ``tolerance``, when no step improves it any
    more, or after ``most_steps``.
    """
    found = start.copy()
    lanes = np.arange(len(start))
    points = start
    values, gradients = functions.value(points, lanes)
    history = _History()
    stuck = np.zeros(len(lanes), np.bool_)
    for _ in range(most_steps):
        done = stuck | (np.abs(gradients).max(axis=1, initial=0.0) <= tolerance)
        if done.any():
            found[lanes[done]] = points[done]
            lanes, points = lanes[~done], points[~done]
            values, gradients = values[~done], gradients[~done]
            history.keep(~done)
        if not len(lanes):
            return found
        directions = -history.apply(gradients, functions, lanes)
        moved, new_values, new_gradients, stuck = _step(
            functions, lanes, points, directions, values=values, gradients=gradients
        )
        history.add(moved - points, new_gradients - gradients)
        points, values, gradients = moved, new_values, new_gradients
    found[lanes] = points
    return found


def _step(
    functions: SmoothFunctions,
    lanes: Lanes,
    points: Floats,
    directions: Floats,
    *,
    values: Floats,
    gradients: Floats,
) -> tuple[Floats, Floats, Floats, npt.NDArray[np.bool_]]:
    """Go along the directions, halving steps that do not improve enough; say which never did."""
    slopes = _dots(gradients, directions)
    lengths = np.ones(len(lanes))
    moved = points + directions
    new_values, new_gradients = functions.value(moved, lanes)
    for _ in range(_HALVINGS):
        poor = ~(new_values <= values + _SUFFICIENT * lengths * slopes)
        if not poor.any():
            return moved, new_values, new_gradients, poor
        lengths[poor] /= 2
        moved[poor] = points[poor] + lengths[poor, None] * directions[poor]
        new_values[poor], new_gradients[poor] = functions.value(moved[poor], lanes[poor])
    poor = ~(new_values < values)
    moved[poor], new_values[poor], new_gradients[poor] = points[poor], values[poor], gradients[poor]
    return moved, new_values, new_gradients, poor


class _History:
    """The latest steps and changes of gradient of the lanes that are still there."""

    def __init__(self) -> None:
        self._pairs: list[tuple[Floats, Floats, Floats]] = []

    def keep(self, lanes: npt.NDArray[np.bool_]) -> None:
        self._pairs = [(s[lanes], y[lanes], r[lanes]) for s, y, r in self._pairs]

    def add(self, steps: Floats, changes: Floats) -> None:
        curvature = _dots(steps, changes)
        usable = curvature > 1e-10 * np.sqrt(_dots(steps, steps) * _dots(changes, changes))
        rates = np.divide(1.0, curvature, out=np.zeros_like(curvature), where=usable)
        self._pairs = [*self._pairs[1 - MEMORY :], (steps, changes, rates)]

    def apply(self, gradients: Floats, functions: SmoothFunctions, lanes: Lanes) -> Floats:
        """The two-loop recursion around the preconditioner."""
        result = gradients.copy()
        weights = []
        for steps, changes, rates in reversed(self._pairs):
            weight = rates * _dots(steps, result)
            weights.append(weight)
            result -= weight[:, None] * changes
        result = functions.precondition(result, lanes)
        for (steps, changes, rates), weight in zip(self._pairs, reversed(weights), strict=True):
            back = rates * _dots(changes, result)
            result += (weight - back)[:, None] * steps
        return result


def _dots(left: Floats, right: Floats) -> Floats:
    product: Floats = np.einsum("pm,pm->p", left, right)
    return product
