"""A leaf: the unit of routing, of play and of storage."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.tree.sketch import Sketch

_NOTHING = np.zeros((0, 2), np.uint64)
_NO_ARRIVALS = np.zeros(0, np.int64)
_NO_COPIES = np.zeros(0, np.bool_)
_NO_DOUBTS = np.zeros(0, np.uint64)
ROOT_PARENT = -1
"""The parent that the root names."""


def no_fingerprints(count: int) -> npt.NDArray[np.uint64]:
    """Return the fingerprints of examples of which features are not known."""
    return np.zeros((count, 2), np.uint64)


@dataclass(frozen=True, slots=True)
class LeafExamples:
    """The examples of a leaf as columns, in the one canonical order: by id.

    m examples in d dimensions: ``labels`` int16 (m,), ``timestamps`` float64 (m,), ``embeddings``
    float32 (m, d) on the grid. ``fingerprints`` uint64 (m, 2) tell features and label of an example
    from those of others; 0 where they are not known. ``arrivals`` int64 (m,) are the numbers of the
    records that brought them, which is their order in the log; ``copies`` bool (m,) tell those
    that are alike to an earlier one, in this leaf or another (see ``originals``). ``doubts`` uint64
    (m,) say how likely each label is wrong (see ``doubt.packed``); 0 where nobody has doubted it.
    """

    ids: tuple[str, ...]
    labels: npt.NDArray[np.int16]
    providers: tuple[str | None, ...]
    timestamps: npt.NDArray[np.float64]
    embeddings: Embeddings
    fingerprints: npt.NDArray[np.uint64] = field(default_factory=lambda: _NOTHING)
    arrivals: npt.NDArray[np.int64] = field(default_factory=lambda: _NO_ARRIVALS)
    copies: npt.NDArray[np.bool_] = field(default_factory=lambda: _NO_COPIES)
    doubts: npt.NDArray[np.uint64] = field(default_factory=lambda: _NO_DOUBTS)

    def __post_init__(self) -> None:
        count = len(self.ids)
        if self.fingerprints is _NOTHING:
            object.__setattr__(self, "fingerprints", no_fingerprints(count))
        if self.arrivals is _NO_ARRIVALS:
            object.__setattr__(self, "arrivals", np.zeros(count, np.int64))
        if self.copies is _NO_COPIES:
            object.__setattr__(self, "copies", np.zeros(count, np.bool_))
        if self.doubts is _NO_DOUBTS:
            object.__setattr__(self, "doubts", np.zeros(count, np.uint64))

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def empty(cls, dimensions: int) -> "LeafExamples":
        """Return no examples in that many dimensions."""
        return cls(
            (), np.zeros(0, np.int16), (), np.zeros(0), np.zeros((0, dimensions), np.float32)
        )


def same_sessions(left: LeafExamples | None, right: LeafExamples | None) -> bool:
    """Whether two sets of trusted sessions are equal in every bit; None is none."""
    if left is None or right is None:
        return left is right
    return (left.ids, left.providers) == (right.ids, right.providers) and all(
        getattr(left, name).tobytes() == getattr(right, name).tobytes()
        for name in ("labels", "timestamps", "embeddings", "fingerprints")
    )


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf of the tree: where it is, which examples are in it and what its game gave.

    ``centroid`` is a (d,) grid unit vector. ``outcome`` holds the arrays of the last game played
    here, named by the game (see ``routed`` and ``algorithm1``), empty before the first one.
    ``sketch`` is the leaf as a coalition. ``evaluators`` are the trusted sessions in it that joined
    V, None if there is none; the bundle's V is not stored.
    """

    id: int
    parent: int
    centroid: Embeddings
    examples: LeafExamples
    sketch: Sketch
    outcome: Mapping[str, npt.NDArray[np.generic]] = field(default_factory=dict)
    evaluators: LeafExamples | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """An inner coalition: its children in order, all leaves (``height`` 1) or all inner nodes.

    ``parent`` is ROOT_PARENT at the root. ``outcome`` holds the arrays of the game among the
    children, for games that play one.
    """

    id: int
    parent: int
    height: int
    children: tuple[int, ...]
    sketch: Sketch
    outcome: Mapping[str, npt.NDArray[np.generic]] = field(default_factory=dict)

    @property
    def is_lowest(self) -> bool:
        """Whether the children are leaves."""
        return self.height == 1
