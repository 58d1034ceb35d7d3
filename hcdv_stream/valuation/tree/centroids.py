"""The leaves' centroids as one matrix, and who is nearest."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.embedding.grid import Embeddings

_MOST_CELLS = 1 << 22


class Centroids:
    """Centroids of L >= 1 leaves, rows in the order of their ids.

    Cosines are exact and rows ordered, so the nearest leaf (ties to the lowest id) is a function of
    the set of leaves, whatever happened before.
    """

    def __init__(self, leaves: Mapping[int, Embeddings]) -> None:
        self.ids = np.array(sorted(leaves), dtype=np.int64)
        self._rows = np.stack([leaves[leaf] for leaf in self.ids.tolist()]).astype(np.float64)

    def __len__(self) -> int:
        return len(self.ids)

    def add(self, leaf: int, centroid: Embeddings) -> None:
        """Add a leaf whose id is higher than every other."""
        self.ids = np.append(self.ids, leaf)
        self._rows = np.concatenate([self._rows, centroid[None, :].astype(np.float64)])

    def remove(self, leaves: Iterable[int]) -> None:
        """Take leaves out."""
        kept = ~np.isin(self.ids, list(leaves))
        self.ids, self._rows = self.ids[kept], self._rows[kept]

    def move(self, leaf: int, centroid: Embeddings) -> None:
        """Give a leaf another centroid."""
        self._rows[np.searchsorted(self.ids, leaf)] = centroid

    def nearest(
        self, vectors: Embeddings, among: Sequence[int] | None = None
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Nearest leaf of each vector (n, d), and the cosine to it: both (n,).

        ``among`` restricts the choice to some leaves. Raises ValueError where there is none.
        """
        ids, rows = self.ids, self._rows
        if among is not None:
            kept = np.isin(ids, list(among))
            ids, rows = ids[kept], rows[kept]
        if not len(ids):
            raise ValueError("there is no leaf to choose from")
        wide = vectors.astype(np.float64)
        step = max(1, _MOST_CELLS // len(ids))
        chosen, closeness = [np.zeros(0, np.int64)], [np.zeros(0)]
        for start in range(0, len(wide), step):
            cells = wide[start : start + step] @ rows.T
            best = cells.argmax(axis=1)
            chosen.append(ids[best])
            closeness.append(cells[np.arange(len(best)), best])
        return np.concatenate(chosen), np.concatenate(closeness)
