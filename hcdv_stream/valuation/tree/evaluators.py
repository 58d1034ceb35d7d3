"""Which leaf each trusted evaluator sits in: always the nearest one."""

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.tree.centroids import Centroids
from hcdv_stream.valuation.validation import Validation


class Evaluators:
    """V routed down the tree: row → nearest leaf, a function of the current centroids alone."""

    def __init__(self, validation: Validation, centroids: Centroids) -> None:
        self._embeddings = validation.embeddings
        self._leaf, self._closeness = centroids.nearest(self._embeddings)

    def of(self, leaf: int) -> npt.NDArray[np.int64]:
        """Rows of V in this leaf, ascending."""
        return np.flatnonzero(self._leaf == leaf)

    def strays(self, leaf: int, centroids: Centroids) -> int:
        """Count the rows in this leaf whose nearest leaf, looked for among all, is another one."""
        nearest, _ = centroids.nearest(self._embeddings[self.of(leaf)])
        return int((nearest != leaf).sum())

    def follow(
        self, centroids: Centroids, moved: Collection[int], removed: Collection[int]
    ) -> set[int]:
        """Route again after leaves were added or moved (``moved``) or removed.

        Only rows whose leaf moved or went away are compared with every leaf. Returns the leaves
        that gained or lost a row, removed ones among them.
        """
        if not moved and not removed:
            return set()
        before = self._leaf.copy()
        adrift = np.isin(self._leaf, [*moved, *removed])
        self._leaf[adrift], self._closeness[adrift] = centroids.nearest(self._embeddings[adrift])
        settled = np.flatnonzero(~adrift)
        if moved and len(settled):
            leaf, closeness = centroids.nearest(self._embeddings[settled], sorted(moved))
            tied = (closeness == self._closeness[settled]) & (leaf < self._leaf[settled])
            won = (closeness > self._closeness[settled]) | tied
            self._leaf[settled[won]] = leaf[won]
            self._closeness[settled[won]] = closeness[won]
        changed = before != self._leaf
        return set(before[changed].tolist()) | set(self._leaf[changed].tolist())
