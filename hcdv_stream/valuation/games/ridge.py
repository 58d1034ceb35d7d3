"""M(S): how well a ridge classifier trained on S does on the whole of V, for many S at once.

One-versus-rest least squares on x = (1, u), every class weighing the same: each example of class c
counts 1/n_c, so that 15% positives are not drowned. From the coalition's Gram matrices (``grams``):

    A = Σ_c G_c / n_c + RIDGE · Σ_c 1/n_c · diag(0, 1, …, 1),    W_c = A^-1 (first row of G_c) / n_c

The penalty is that of RIDGE pseudo-points, so small coalitions are shrunk towards the direction
between class means and large ones are not. An example is given the class of the largest W_c·x, ties
to the lower class; a class that S lacks has W_c = 0, and an S of one class always answers that
class.

Weights are rounded to 22 bits relative to the largest of the model, which makes every score exact
(see ``embedding``): no prediction depends on how a BLAS blocks, batches or threads the scoring.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.games.grams import with_intercept
from hcdv_stream.valuation.validation import Validation

RIDGE = 1.0
"""Pseudo-points behind the penalty. On Online Shoppers (d = 14, samples of 10 to 10,000) M was best
at 1 or within 0.002 of it, and within 0.025 from 0.01 to 10."""
_WEIGHT_BITS = 22


@dataclass(frozen=True, slots=True)
class RidgeMetric:
    """Balanced accuracy on V: the mean, over the classes that V has, of the share found."""

    validation: Validation
    classes: int
    _square: npt.NDArray[np.int64] = field(init=False, repr=False, compare=False)
    _evaluators: dict[int, Floats] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rows = with_intercept(self.validation.embeddings)
        width = rows.shape[1]
        square = np.empty((width, width), np.int64)
        upper, right = np.triu_indices(width)
        square[upper, right] = square[right, upper] = np.arange(len(upper))
        evaluators = {
            label: np.ascontiguousarray(rows[self.validation.labels == label].T)
            for label in range(self.classes)
            if (self.validation.labels == label).any()
        }
        object.__setattr__(self, "_square", square.reshape(-1))
        object.__setattr__(self, "_evaluators", evaluators)

    def of(self, grams: Floats) -> Floats:
        """M of coalitions, (P,) in [0, 1], from their Gram sketches (P, C, entries).

        An empty coalition is scored as a model that always answers the lowest class; without
        V, M is 0.
        """
        models = self._rounded(self.weights(grams))
        found = np.zeros(len(grams))
        for label, evaluators in self._evaluators.items():
            right = self._recognised(models, label, evaluators)
            found += np.count_nonzero(right, axis=1) / evaluators.shape[1]
        return found / max(len(self._evaluators), 1)

    def weights(self, grams: Floats) -> Floats:
        """Train: (P, C, entries) gives W, (P, C, d + 1)."""
        counts = grams[:, :, 0]
        shares = np.divide(1.0, counts, out=np.zeros_like(counts), where=counts > 0)
        width = round(len(self._square) ** 0.5)
        balanced = np.einsum("pc,pce->pe", shares, grams)
        system = balanced[:, self._square].reshape(-1, width, width)
        diagonal = np.einsum("pii->pi", system)
        diagonal[:, 1:] += RIDGE * shares.sum(axis=1)[:, None]
        diagonal[(counts == 0).all(axis=1)] = 1.0
        targets = shares[:, :, None] * grams[:, :, :width]
        solved = np.linalg.solve(system, np.swapaxes(targets, 1, 2)).astype(np.float64, copy=False)
        return solved.swapaxes(1, 2)

    def _rounded(self, weights: Floats) -> Floats:
        """Scale each model to a largest weight of 2^22, which no prediction notices, and round."""
        largest: Floats = np.abs(weights).max(axis=(1, 2), keepdims=True)
        scale = np.divide(2.0**_WEIGHT_BITS, largest, out=np.zeros_like(largest), where=largest > 0)
        rounded: Floats = np.rint(weights * scale)
        return rounded

    def _recognised(self, models: Floats, label: int, evaluators: Floats) -> npt.NDArray[np.bool_]:
        """Which evaluators (d + 1, v) of a class each model gives that class, (P, v)."""
        right = np.ones((len(models), evaluators.shape[1]), np.bool_)
        for other in range(self.classes):
            if other != label:
                margins = (models[:, label] - models[:, other]) @ evaluators
                right &= margins >= 0.0 if label < other else margins > 0.0
        return right
