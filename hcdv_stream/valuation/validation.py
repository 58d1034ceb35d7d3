"""The trusted evaluators: the fixed validation set, embedded once."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.embedding.grid import Embeddings


@dataclass(frozen=True, slots=True)
class Validation:
    """V: ``embeddings`` (v, d) on the grid, ``labels`` int16 (v,) class indices.

    v may be 0: then the peers are the only evaluators.
    """

    embeddings: Embeddings
    labels: npt.NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.labels)

    def counts(self, classes: int) -> npt.NDArray[np.int64]:
        """Return |V_c|, shape (classes,)."""
        return np.bincount(self.labels, minlength=classes).astype(np.int64)
