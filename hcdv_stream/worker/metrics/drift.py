"""How far the stream has moved away from the corpus that it made."""

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.tree.sketch import Sketch

HALF_LIFE = 1500.0
"""Sessions after which an earlier one counts half."""


class RecentSessions:
    """The mean embedding of the last few thousand sessions, older ones fading out."""

    def __init__(self, dimensions: int) -> None:
        self._sum: npt.NDArray[np.float64] = np.zeros(dimensions)
        self._weight = 0.0

    def add(self, embeddings: Embeddings) -> None:
        """Let in sessions, (n, d)."""
        kept = 0.5 ** (len(embeddings) / HALF_LIFE)
        self._sum = self._sum * kept + embeddings.sum(axis=0, dtype=np.float64)
        self._weight = self._weight * kept + len(embeddings)

    def distance(self, corpus: Sketch) -> float | None:
        """Euclidean distance, 0 to 2, to the corpus's mean embedding; None where either is empty.

        Embeddings are centred, so their mean is short and its direction says little: what counts is
        how far it went.
        """
        if not (self._weight and corpus.size):
            return None
        whole = corpus.embeddings.sum(axis=0) / corpus.size
        return float(np.linalg.norm(self._sum / self._weight - whole))
