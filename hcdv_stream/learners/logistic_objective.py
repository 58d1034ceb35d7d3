"""What a multinomial logistic regression minimises, for many coalitions of the same rows at once.

    f(W) = 1/|S| · Σ_{i∈S} −log softmax(W·x_i)[y_i] + penalty/2 · |W|², the intercept free

One matrix product serves all coalitions; rows outside a coalition weigh nothing in it.
"""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from hcdv_stream.learners.lbfgs import Lanes
from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.methods.utility import Membership

Codes = npt.NDArray[np.intp]


class Metric(Protocol):
    """A rough inverse Hessian."""

    def inverse(self, gradients: Floats, penalties: Floats) -> Floats:
        """Apply (Hessian of the mean loss + penalty)^-1 to (Q, m), penalties (Q,)."""


class Objective:
    """f of P coalitions (P, n), rows (n, width) with the intercept's 1 last.

    ``present`` (P, C) says which classes each has, the others stay out; ``penalties`` is (P,). A
    example is W, (C, width), laid out flat.
    """

    def __init__(
        self,
        rows: Floats,
        labels: Codes,
        membership: Membership,
        present: npt.NDArray[np.bool_],
        *,
        penalties: Floats,
        metric: Metric,
    ) -> None:
        self._rows = rows
        sizes = membership.sum(axis=1).astype(np.float64)
        self._shares = membership / sizes[:, None]
        hot = labels[:, None] == np.arange(present.shape[1])
        targets = [(self._shares * own) @ rows for own in hot.T]
        self._targets = np.stack(targets, axis=1)
        self._absent = np.where(present, 0.0, -np.inf).T[:, :, None]
        self._lacking: npt.NDArray[np.bool_] = np.any(~present, axis=1)
        self._kept = np.repeat(present, rows.shape[1], axis=1)
        self._penalties = penalties
        self._free = np.ones(rows.shape[1])
        self._free[-1] = 0.0
        self._metric = metric

    def value(self, examples: Floats, lanes: Lanes) -> tuple[Floats, Floats]:
        """Return f and its gradient.

        The class is the first axis: what is done to each row and lane runs along the others.
        """
        count, (rows, width) = len(lanes), self._rows.shape
        weights = examples.reshape(count, -1, width)
        flat = weights.swapaxes(0, 1).reshape(-1, width)
        logits = (flat @ self._rows.T).reshape(-1, count, rows)
        if self._lacking[lanes].any():
            logits += self._absent[:, lanes]
        highest = logits.max(axis=0)
        logits -= highest
        np.exp(logits, out=logits)
        sums = logits.sum(axis=0)
        shares, targets = self._shares[lanes], self._targets[lanes]
        logits *= shares / sums
        slopes = (logits.reshape(-1, rows) @ self._rows).reshape(-1, count, width).swapaxes(0, 1)
        pulls = self._penalties[lanes, None, None] * weights * self._free
        np.log(sums, out=sums)
        sums += highest
        values = np.einsum("pn,pn->p", sums, shares)
        values += np.einsum("pcw,pcw->p", 0.5 * pulls - targets, weights)
        return values, (slopes - targets + pulls).reshape(count, -1)

    def precondition(self, gradients: Floats, lanes: Lanes) -> Floats:
        """Apply the metric; classes that are absent stay where they are."""
        steps = self._metric.inverse(gradients, self._penalties[lanes])
        steps *= self._kept[lanes]
        return steps


def softmax(logits: Floats) -> Floats:
    """Turn the last axis into probabilities, in place; −inf is 0."""
    logits -= logits.max(axis=-1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=-1, keepdims=True)
    return logits


def classes_present(membership: Membership, labels: Codes, classes: int) -> npt.NDArray[np.bool_]:
    """Which classes each coalition has, (P, C)."""
    present = np.zeros((len(membership), classes), np.bool_)
    for label in range(classes):
        present[:, label] = membership[:, labels == label].any(axis=1)
    return present


def penalties_of(sizes: Floats, present: npt.NDArray[np.bool_], strength: float) -> Floats:
    """Return each coalition's penalty (P,): κ/(C·size), with κ = 2 where it has two classes."""
    penalties: Floats = np.where(present.sum(axis=1) == 2, 2.0, 1.0) / (strength * sizes)
    return penalties
