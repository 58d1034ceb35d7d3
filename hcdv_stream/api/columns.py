"""A partition's points as columns that follow its leaves one by one.

Values depend on sums over the whole corpus, so an update moves all of them; what they are computed
from changes in the touched leaves alone. Every leaf has a slot of rows in arrays that stay, and
bringing them to another state, later or earlier, rewrites the slots of the leaves that differ. All
points are then valued in one pass over contiguous memory: 200,000 in some 20 ms, where gathering
4,000 leaves anew takes ten times that.
"""

from collections.abc import Iterator
from threading import Lock
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.delta import EngineState
from hcdv_stream.valuation.leaf import Leaf
from hcdv_stream.valuation.routed_values import RoutedWeights

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Kind = TypeVar("Kind", bound=np.generic)

_STEP = 16
"""Slots hold a multiple of this many rows, so that a leaf that grows a little keeps its own."""
_CHUNK = 1 << 13
"""Rows valued at once: their columns stay in the processor's cache."""


class Table(NamedTuple):
    """The points of one state, leaf by leaf in the order of their ids, n rows.

    ``leaf`` int64, ``row`` int64 within the leaf, ``label`` int16, ``time`` float64, ``provider``
    int64 places in ``providers``, which lists them in no order and may name some that are gone.
    """

    leaf: Integers
    row: Integers
    label: npt.NDArray[np.int16]
    time: Floats
    provider: Integers
    providers: tuple[str | None, ...]


class _Slot(NamedTuple):
    leaf: Leaf
    start: int
    rows: int


class Columns:
    """The columns of one partition; any thread may ask for any state of it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._slots: dict[int, _Slot] = {}
        self._free: dict[int, list[int]] = {}
        self._used = 0
        self._places: dict[str | None, int] = {}
        self._labels = np.zeros(0, np.int16)
        self._times = np.zeros(0)
        self._providers = np.zeros(0, np.int64)
        self._embeddings = np.zeros((0, 0), np.float32)
        self._played: dict[str, Integers] = {}

    def table(self, state: EngineState) -> Table:
        """Return who the points of a state are."""
        with self._lock:
            self._bring(state)
            slots, index = self._in_order()
            sizes = np.array([len(slot.leaf.points) for slot in slots], np.int64)
            starts: Integers = np.repeat(np.cumsum(sizes) - sizes, sizes)
            return Table(
                np.repeat([slot.leaf.id for slot in slots], sizes).astype(np.int64),
                np.arange(len(index), dtype=np.int64) - starts,
                self._labels[index],
                self._times[index],
                self._providers[index],
                tuple(self._places),
            )

    def values(self, state: EngineState, weights: RoutedWeights) -> Floats:
        """φ of each point of a state of the routed game, in the order of its table."""
        with self._lock:
            self._bring(state)
            values = np.empty(self._used)
            for piece in self._pieces():
                values[piece] = weights.points(
                    self._played["components"][..., piece].transpose(2, 0, 1),
                    self._labels[piece],
                    self._embeddings[..., piece].T,
                )
            return values[self._in_order()[1]]

    def errors(self, state: EngineState, weights: RoutedWeights) -> Floats:
        """Return their standard errors."""
        with self._lock:
            self._bring(state)
            errors = np.empty(self._used)
            for piece in self._pieces():
                errors[piece] = weights.errors(
                    self._played["components"][..., piece].transpose(2, 0, 1),
                    self._played["moments"][..., piece].transpose(2, 0, 1),
                )
            return errors[self._in_order()[1]]

    def _pieces(self) -> Iterator[slice]:
        return (slice(at, min(at + _CHUNK, self._used)) for at in range(0, self._used, _CHUNK))

    def _in_order(self) -> tuple[list[_Slot], Integers]:
        """Slots by leaf id, and where their rows are."""
        slots = [self._slots[leaf] for leaf in sorted(self._slots)]
        sizes = np.array([len(slot.leaf.points) for slot in slots], np.int64)
        starts = np.array([slot.start for slot in slots], np.int64)
        ends = np.cumsum(sizes)
        return slots, np.repeat(starts - (ends - sizes), sizes) + np.arange(int(sizes.sum()))

    def _bring(self, state: EngineState) -> None:
        for gone in self._slots.keys() - state.leaves.keys():
            self._give_back(gone)
        for identifier, leaf in state.leaves.items():
            slot = self._slots.get(identifier)
            if slot is None or slot.leaf is not leaf:
                self._write(leaf)

    def _give_back(self, leaf: int) -> None:
        slot = self._slots.pop(leaf)
        self._free.setdefault(slot.rows, []).append(slot.start)

    def _write(self, leaf: Leaf) -> None:
        size = len(leaf.points)
        slot = self._slots.get(leaf.id)
        if slot is not None and slot.rows < size:
            self._give_back(leaf.id)
            slot = None
        if slot is None:
            rows = -(-max(size, 1) // _STEP) * _STEP
            slot = _Slot(leaf, self._place(rows, leaf), rows)
        here = slice(slot.start, slot.start + size)
        points, places = leaf.points, self._places
        self._labels[here] = points.labels
        self._times[here] = points.timestamps
        self._providers[here] = [places.setdefault(name, len(places)) for name in points.providers]
        self._embeddings[:, here] = points.embeddings.T
        for name, column in self._played.items():
            column[..., here] = leaf.outcome[name].transpose(1, 2, 0)
        self._slots[leaf.id] = _Slot(leaf, slot.start, slot.rows)

    def _place(self, rows: int, like: Leaf) -> int:
        """Return where a slot of so many rows begins."""
        if free := self._free.get(rows):
            return free.pop()
        start, self._used = self._used, self._used + rows
        if self._used > len(self._labels):
            self._grow(max(2 * self._used, 1024), like)
        return start

    def _grow(self, rows: int, like: Leaf) -> None:
        self._labels = _longer(self._labels, (rows,))
        self._times = _longer(self._times, (rows,))
        self._providers = _longer(self._providers, (rows,))
        dimensions = like.points.embeddings.shape[1]
        self._embeddings = _longer(self._embeddings, (dimensions, rows))
        for name in ("components", "moments"):
            if name in like.outcome:
                before = self._played.get(name, np.zeros((0, 0, 0), np.int64))
                self._played[name] = _longer(before, (*like.outcome[name].shape[1:], rows))


def _longer(column: npt.NDArray[Kind], shape: tuple[int, ...]) -> npt.NDArray[Kind]:
    """Return the column with room for more; rows run along the last axis."""
    longer = np.zeros(shape, column.dtype)
    if column.size:
        longer[..., : column.shape[-1]] = column
    return longer
