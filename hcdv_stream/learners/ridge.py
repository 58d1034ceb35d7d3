"""The ridge classifier of the core (``valuation.ridge``) as a learner, many coalitions a solve."""

import numpy as np

from hcdv_stream.learners.metrics import Labels
from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.games.grams import GRAM_BITS, entries, products_of, with_intercept
from hcdv_stream.valuation.games.ridge import RidgeMetric
from hcdv_stream.valuation.methods.utility import Membership
from hcdv_stream.valuation.validation import Validation


class Ridge:
    """Class-balanced one-versus-rest ridge regression as a learner.

    Memory holds n·(d + 1)(d + 2)/2 numbers. A score is the model's linear answer.

    Parameters
    ----------
    embeddings : ndarray of float32 of shape (n, d)
        The examples, as `unit_grid` returns them.
    labels : ndarray of int16 of shape (n,)
        Their class indices.
    validation : Validation
        V.
    classes : int
        How many classes there are.

    Examples
    --------
    >>> import numpy as np
    >>> from hcdv_stream.methods import TrainedUtility, Validation, unit_grid, Ridge
    >>> embeddings = unit_grid(np.array([[-1.0, 0.1], [-1.0, 0.3], [1.0, 0.2], [1.0, 0.4]]))
    >>> labels = np.array([0, 0, 1, 1], np.int16)
    >>> validation = Validation(embeddings, labels)
    >>> game = TrainedUtility(Ridge(embeddings, labels, validation, 2))
    >>> game(np.ones((1, 4), bool)).tolist()
    [1.0]

    """

    def __init__(
        self, embeddings: Embeddings, labels: Labels, validation: Validation, classes: int
    ) -> None:
        self._products = products_of(embeddings).astype(np.float64)
        self._labels = labels
        self._classes = classes
        self._dimensions = embeddings.shape[1]
        self._metric = RidgeMetric(validation, classes)
        self._validation_rows = with_intercept(validation.embeddings)
        self.validation_labels = validation.labels

    @property
    def players(self) -> int:
        return len(self._labels)

    def prepare(self, membership: Membership) -> None:
        """Share nothing: the products are there."""

    def scores(self, membership: Membership) -> Floats:
        """Sum the members' Gram matrices by class, solve, and apply to V."""
        grams = np.empty((len(membership), self._classes, entries(self._dimensions)))
        for label in range(self._classes):
            own = np.flatnonzero(self._labels == label)
            sums = membership[:, own].astype(np.float64) @ self._products[own]
            grams[:, label] = np.ldexp(sums, -GRAM_BITS)
        scores: Floats = self._validation_rows @ self._metric.weights(grams).swapaxes(1, 2)
        return scores
