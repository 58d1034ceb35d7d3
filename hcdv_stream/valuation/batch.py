"""What the engine is fed: an ordered run of additions, replacements and deletions."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.tree.leaf import no_fingerprints

_NOTHING = np.zeros((0, 2), np.uint64)
_NO_DOUBTS = np.zeros(0, np.uint64)
DELETION = -1
"""The label that marks a record as the deletion of its id."""


@dataclass(frozen=True, slots=True)
class Batch:
    """n records in log order; an id that is known already is replaced.

    ``labels`` are class indices, or DELETION; ``embeddings`` are (n, d) grid unit vectors (see
    ``embedding.unit_grid``), whose rows are ignored for deletions; ``timestamps`` are event times
    in seconds since the epoch. A provider of None is a provider of its own. ``fingerprints``
    are as those of ``LeafExamples``. ``trusted`` bool (n,) marks sessions that join V instead of
    the corpus. ``event_times`` (n,) are the stream's after each record; without them it is the
    latest timestamp so far. ``doubts`` are as those of ``LeafExamples``.
    """

    ids: Sequence[str]
    labels: npt.NDArray[np.int16]
    providers: Sequence[str | None]
    timestamps: npt.NDArray[np.float64]
    embeddings: Embeddings
    fingerprints: npt.NDArray[np.uint64] = field(default_factory=lambda: _NOTHING)
    trusted: npt.NDArray[np.bool_] | None = None
    event_times: npt.NDArray[np.float64] | None = None
    doubts: npt.NDArray[np.uint64] = field(default_factory=lambda: _NO_DOUBTS)

    def __post_init__(self) -> None:
        if self.fingerprints is _NOTHING:
            object.__setattr__(self, "fingerprints", no_fingerprints(len(self.ids)))
        if self.doubts is _NO_DOUBTS:
            object.__setattr__(self, "doubts", np.zeros(len(self.ids), np.uint64))

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of_deletions(cls, ids: Sequence[str], dimensions: int) -> "Batch":
        """Return the deletions of these ids."""
        count = len(ids)
        return cls(
            ids,
            np.full(count, DELETION, np.int16),
            [None] * count,
            np.zeros(count),
            np.zeros((count, dimensions), np.float32),
        )

    def slice(self, start: int, stop: int) -> "Batch":
        """Return records start..stop as a batch of their own."""
        return Batch(
            self.ids[start:stop],
            self.labels[start:stop],
            self.providers[start:stop],
            self.timestamps[start:stop],
            self.embeddings[start:stop],
            self.fingerprints[start:stop],
            None if self.trusted is None else self.trusted[start:stop],
            None if self.event_times is None else self.event_times[start:stop],
            self.doubts[start:stop],
        )
