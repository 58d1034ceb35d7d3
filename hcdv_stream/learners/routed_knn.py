"""The k-nearest-neighbour classifier inside leaves, as a learner: the default game, M only.

A judge of V sees the members of a coalition that sit in its own leaf and gives each class the share
of its k nearest, missing neighbours counting for nobody, as in the core's game (``knn_game``). With
everything in one leaf it is the plain k-NN classifier.
"""

import numpy as np
import numpy.typing as npt

from hcdv_stream.learners.metrics import Labels
from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.embedding.grid import Embeddings, cosines
from hcdv_stream.valuation.methods.utility import Membership
from hcdv_stream.valuation.validation import Validation

Leaves = npt.NDArray[np.int64]


class RoutedNeighbours:
    """The k-nearest-neighbour classifier inside leaves as a learner.

    Memory holds the order of a leaf's examples for each member of V in that leaf.

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
    neighbours : int
        The k of the classifier, at least 1.
    leaves, validation_leaves : ndarray of int of shape (n,) and (v,), optional
        The leaf of each example and of each member of V. The default is one leaf for all.

    Examples
    --------
    >>> import numpy as np
    >>> from hcdv_stream.methods import TrainedUtility, Validation, unit_grid, RoutedNeighbours
    >>> embeddings = unit_grid(np.array([[-1.0, 0.1], [-1.0, 0.3], [1.0, 0.2], [1.0, 0.4]]))
    >>> labels = np.array([0, 0, 1, 1], np.int16)
    >>> validation = Validation(embeddings, labels)
    >>> learner = RoutedNeighbours(embeddings, labels, validation, classes=2, neighbours=1)
    >>> TrainedUtility(learner)(np.ones((1, 4), bool)).tolist()
    [1.0]

    """

    def __init__(
        self,
        embeddings: Embeddings,
        labels: Labels,
        validation: Validation,
        *,
        classes: int,
        neighbours: int,
        leaves: Leaves | None = None,
        validation_leaves: Leaves | None = None,
    ) -> None:
        if neighbours < 1:
            raise ValueError(f"neighbours must be at least 1, got {neighbours}")
        homes = np.zeros(len(labels), np.int64) if leaves is None else leaves
        seats = (
            np.zeros(len(validation), np.int64) if validation_leaves is None else validation_leaves
        )
        self._labels = labels
        self._classes = classes
        self._neighbours = neighbours
        self.validation_labels = validation.labels
        self._orders: list[tuple[Leaves, Leaves]] = []
        for leaf in np.unique(seats):
            examples, judges = np.flatnonzero(homes == leaf), np.flatnonzero(seats == leaf)
            near = -cosines(validation.embeddings[judges], embeddings[examples])
            order = examples[np.argsort(near, axis=1, kind="stable")]
            self._orders.append((judges, order))

    @property
    def players(self) -> int:
        return len(self._labels)

    def prepare(self, membership: Membership) -> None:
        """Share nothing: the orders are there."""

    def scores(self, membership: Membership) -> Floats:
        """Let each judge's k nearest members vote."""
        scores = np.zeros((len(membership), len(self.validation_labels), self._classes))
        for judges, orders in self._orders:
            for judge, order in zip(judges, orders, strict=True):
                present = membership[:, order]
                voting = present & (np.cumsum(present, axis=1) <= self._neighbours)
                for label in range(self._classes):
                    votes = voting[:, self._labels[order] == label].sum(axis=1)
                    scores[:, judge, label] = votes / self._neighbours
        return scores
