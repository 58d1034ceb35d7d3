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
    """``leaves`` (n,) and ``judge_leaves`` (v,) say who meets whom; None puts all in one leaf.

    Memory holds the order of a leaf's points for each of its judges.
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
        judge_leaves: Leaves | None = None,
    ) -> None:
        if neighbours < 1:
            raise ValueError(f"neighbours must be at least 1, got {neighbours}")
        homes = np.zeros(len(labels), np.int64) if leaves is None else leaves
        seats = np.zeros(len(validation), np.int64) if judge_leaves is None else judge_leaves
        self._labels = labels
        self._classes = classes
        self._neighbours = neighbours
        self.judges = validation.labels
        self._orders: list[tuple[Leaves, Leaves]] = []
        for leaf in np.unique(seats):
            points, judges = np.flatnonzero(homes == leaf), np.flatnonzero(seats == leaf)
            near = -cosines(validation.embeddings[judges], embeddings[points])
            order = points[np.argsort(near, axis=1, kind="stable")]
            self._orders.append((judges, order))

    @property
    def players(self) -> int:
        return len(self._labels)

    def prepare(self, membership: Membership) -> None:
        """Share nothing: the orders are there."""

    def scores(self, membership: Membership) -> Floats:
        """Let each judge's k nearest members vote."""
        scores = np.zeros((len(membership), len(self.judges), self._classes))
        for judges, orders in self._orders:
            for judge, order in zip(judges, orders, strict=True):
                present = membership[:, order]
                voting = present & (np.cumsum(present, axis=1) <= self._neighbours)
                for label in range(self._classes):
                    votes = voting[:, self._labels[order] == label].sum(axis=1)
                    scores[:, judge, label] = votes / self._neighbours
        return scores
