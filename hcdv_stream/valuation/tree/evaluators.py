"""V as it is now: who is in it, and which leaf each trusted evaluator sits in.

The bundle's rows come first, by their number; trusted sessions that joined V follow, by their id. A
row sits in its nearest leaf, a function of the current centroids alone.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.tree.centroids import Centroids
from hcdv_stream.valuation.tree.leaf import Leaf, LeafExamples
from hcdv_stream.valuation.validation import Validation

ABSENT = -1
"""The label of a row that is not in V, and the leaf of one that sits in none."""
_ROOM = 64

Rows = npt.NDArray[np.int64]


class TrustedSession(NamedTuple):
    """A session of which the label is trusted; ``embedding`` (d,) on the grid."""

    id: str
    label: int
    provider: str | None
    timestamp: float
    embedding: Embeddings
    fingerprint: npt.NDArray[np.uint64]


class Evaluators:
    """Rows of V and their leaves; rows of the bundle's V that left it keep their number.

    ``departed`` (C,) counts the bundle's rows of each class that are out, the first ones.
    """

    def __init__(
        self,
        validation: Validation,
        centroids: Centroids,
        departed: Collection[int] = (),
        leaves: Iterable[Leaf] = (),
    ) -> None:
        self.bundled = len(validation)
        self.embeddings = validation.embeddings
        self.labels = validation.labels
        self.joined: dict[str, int] = {}
        """Rows of the trusted sessions by their id."""
        self._sessions: dict[int, TrustedSession] = {}
        self._free: list[int] = []
        self._changed: set[int] = set()
        self._owned = False
        first_out = _first_rows(validation.labels, departed)
        self._leaf, self._closeness = centroids.nearest(self.embeddings)
        self._times = np.full(self.bundled, np.inf)
        if len(first_out):
            self._own()
            self.labels[first_out] = ABSENT
            self._leaf[first_out] = ABSENT
        for leaf in leaves:
            if leaf.evaluators is not None:
                for session in _sessions(leaf.evaluators):
                    self.join(session)
        if self.joined:
            rows = np.array(list(self.joined.values()), np.int64)
            self._leaf[rows], self._closeness[rows] = centroids.nearest(self.embeddings[rows])

    def of(self, leaf: int) -> Rows:
        """Rows of the bundle's V in this leaf, ascending."""
        return np.flatnonzero(self._leaf[: self.bundled] == leaf)

    def joined_of(self, leaf: int) -> LeafExamples | None:
        """Return the trusted sessions in this leaf, by id; None if there is none."""
        if not self.joined:
            return None
        rows = np.flatnonzero(self._leaf[self.bundled :] == leaf) + self.bundled
        sessions = sorted((self._sessions[row] for row in rows.tolist()), key=lambda one: one.id)
        return _columns(sessions)

    def session(self, name: str) -> TrustedSession:
        """Return the trusted session of an id; raises KeyError if it is not in V."""
        return self._sessions[self.joined[name]]

    def counts(self, classes: int) -> npt.NDArray[np.int64]:
        """Return |V_c|, (C,)."""
        return np.bincount(self.labels[self.labels != ABSENT], minlength=classes).astype(np.int64)

    def by_age(self, label: int) -> list[tuple[float, int]]:
        """Time and row of a class's trusted sessions, the oldest first, ties by id."""
        rows = np.flatnonzero(self.labels[self.bundled :] == label) + self.bundled
        sessions = [(self._sessions[row], row) for row in rows.tolist()]
        found = sorted((session.timestamp, session.id, row) for session, row in sessions)
        return [(time, row) for time, _, row in found]

    def bundled_of(self, label: int) -> Rows:
        """Rows of the bundle's V that are still in it, of a class, ascending."""
        return np.flatnonzero(self.labels[: self.bundled] == label)

    @property
    def earliest(self) -> float:
        """The time of the oldest trusted session; infinite if there is none."""
        return float(self._times.min(initial=np.inf))

    @property
    def latest(self) -> float:
        """The time of the newest trusted session; minus infinity if there is none."""
        times = self._times[self._times != np.inf]
        return float(times.max(initial=-np.inf))

    @property
    def has_bundled(self) -> bool:
        """Whether a row of the bundle's V is still in it."""
        return bool((self.labels[: self.bundled] != ABSENT).any())

    def join(self, session: TrustedSession) -> None:
        """Let a session into V, in place of one of the same id; it gets its leaf in ``follow``."""
        self.leave_named(session.id)
        self._own()
        if not self._free:
            self._grow()
        row = self._free.pop()
        self.embeddings[row] = session.embedding
        self.labels[row] = session.label
        self._times[row] = session.timestamp
        self.joined[session.id] = row
        self._sessions[row] = session
        self._leaf[row] = ABSENT

    def leave_named(self, name: str) -> bool:
        """Take the trusted session of an id out of V; return whether it was there."""
        row = self.joined.get(name)
        if row is not None:
            self.leave([row])
        return row is not None

    def leave(self, rows: Iterable[int]) -> None:
        """Take rows out of V."""
        self._own()
        for row in rows:
            if row >= self.bundled:
                del self.joined[self._sessions.pop(row).id]
                self._free.append(row)
            self.labels[row] = ABSENT
            self._times[row] = np.inf
            if self._leaf[row] != ABSENT:
                self._changed.add(int(self._leaf[row]))
                self._leaf[row] = ABSENT

    def take_back(self, event_time: float) -> None:
        """Make no trusted session newer than the stream, of which an event time was taken back."""
        if self.latest <= event_time:
            return
        for name in sorted(self.joined):
            session = self.session(name)
            if session.timestamp > event_time:
                self.join(session._replace(timestamp=event_time))

    def strays(self, leaf: int, centroids: Centroids) -> int:
        """Count the rows in this leaf whose nearest leaf, looked for among all, is another one."""
        nearest, _ = centroids.nearest(self.embeddings[self._leaf == leaf])
        return int((nearest != leaf).sum())

    def follow(
        self, centroids: Centroids, moved: Collection[int], removed: Collection[int]
    ) -> set[int]:
        """Route again after rows came or went, or leaves were added, moved or removed.

        Only rows without a leaf, and those whose leaf moved or went away, are compared with every
        leaf. Returns the leaves that gained or lost a row, removed ones among them.
        """
        found, self._changed = self._changed, set()
        there = self.labels != ABSENT if self._owned else None
        if not moved and not removed and (there is None or not self._unrouted(there).any()):
            return found
        before = self._leaf.copy()
        adrift = np.isin(self._leaf, [*moved, *removed])
        settled = ~adrift
        if there is not None:
            adrift |= self._unrouted(there)
            settled &= there & ~adrift
        self._leaf[adrift], self._closeness[adrift] = centroids.nearest(self.embeddings[adrift])
        kept = np.flatnonzero(settled)
        if moved and len(kept):
            leaf, closeness = centroids.nearest(self.embeddings[kept], sorted(moved))
            tied = (closeness == self._closeness[kept]) & (leaf < self._leaf[kept])
            won = (closeness > self._closeness[kept]) | tied
            self._leaf[kept[won]] = leaf[won]
            self._closeness[kept[won]] = closeness[won]
        changed = before != self._leaf
        return (found | {*before[changed].tolist(), *self._leaf[changed].tolist()}) - {ABSENT}

    def _unrouted(self, there: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        unrouted: npt.NDArray[np.bool_] = there & (self._leaf == ABSENT)
        return unrouted

    def _own(self) -> None:
        """Copy what belongs to the bundle before the first change."""
        if not self._owned:
            self.embeddings, self.labels = self.embeddings.copy(), self.labels.copy()
            self._owned = True

    def _grow(self) -> None:
        size = len(self.labels)
        room = max(_ROOM, size // 2)
        nothing = np.zeros((room, self.embeddings.shape[1]), np.float32)
        self.embeddings = np.concatenate([self.embeddings, nothing])
        self.labels = np.concatenate([self.labels, np.full(room, ABSENT, np.int16)])
        self._leaf = np.concatenate([self._leaf, np.full(room, ABSENT, np.int64)])
        self._closeness = np.concatenate([self._closeness, np.zeros(room)])
        self._times = np.concatenate([self._times, np.full(room, np.inf)])
        self._free = list(range(size + room - 1, size - 1, -1))


def _first_rows(labels: npt.NDArray[np.int16], departed: Collection[int]) -> Rows:
    """Return the first rows of each class, as many as ``departed`` says."""
    parts = [np.flatnonzero(labels == label)[:count] for label, count in enumerate(departed)]
    return np.concatenate([np.zeros(0, np.int64), *parts]).astype(np.int64)


def _sessions(columns: LeafExamples) -> Iterable[TrustedSession]:
    for row, name in enumerate(columns.ids):
        yield TrustedSession(
            name,
            int(columns.labels[row]),
            columns.providers[row],
            float(columns.timestamps[row]),
            columns.embeddings[row],
            columns.fingerprints[row],
        )


def _columns(sessions: list[TrustedSession]) -> LeafExamples | None:
    if not sessions:
        return None
    return LeafExamples(
        tuple(one.id for one in sessions),
        np.array([one.label for one in sessions], np.int16),
        tuple(one.provider for one in sessions),
        np.array([one.timestamp for one in sessions], np.float64),
        np.stack([one.embedding for one in sessions]),
        np.stack([one.fingerprint for one in sessions]),
    )
