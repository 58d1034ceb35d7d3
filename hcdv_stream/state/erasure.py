"""Removing what is left of deleted examples from the files of a state.

A deletion replaces the records that held the example, but RocksDB keeps what was replaced in its
write-ahead log until a flush and in its tables until a compaction, which on a quiet stream may be
never. So the state notes since when an erasure is due, in the same write as the deletion; its owner
then flushes every family, compacts each down to the last level, sees the old files go, and notes
that it is done. Other writes go on meanwhile. Whoever is killed leaves it due for the successor.
"""

import time
from pathlib import Path
from threading import Event, Lock

import numpy as np
from rocksdict import BottommostLevelCompaction, CompactOptions, Rdict

from hcdv_stream.state.codec import pack, unpack
from hcdv_stream.state.errors import StateError
from hcdv_stream.state.layout import FAMILIES, key
from hcdv_stream.state.stored import StoredPartition

ERASURE_KEY = b"erasure"

_KIND = b"E"
_STEP_BYTES = 64 << 20
"""So much is compacted at a time, so that the database's own compactions get their turn."""
_REMOVAL_SECONDS = 30.0


class Erasure:
    """The erasures of one open database. All but ``compact`` belong to the thread that writes."""

    def __init__(self, directory: Path, database: Rdict) -> None:
        self._directory = directory
        self._database = database
        self._done = 0
        self._since = 0.0
        self._deletions = 0
        self._target: int | None = None
        self._later = 0.0
        self._stop = Event()
        self._compacting = Lock()

    def load(self, record: bytes | None, stored: StoredPartition | None) -> None:
        """Go on from the record that is stored, if there is one, and the state."""
        if record is not None:
            arrays = unpack(_KIND, record)
            self._done, self._since = int(arrays["done"][0]), float(arrays["since"][0])
        if stored is not None:
            self._deletions = stored.state.header.deletions
            if self._deletions > self._done and not self._since:
                self._since = stored.position.written_at

    @property
    def pending_since(self) -> float | None:
        """When the oldest deletion was written whose bytes may be left; None if there is none."""
        return self._since or None

    def note(self, deletions: int, written_at: float) -> bytes | None:
        """Take in the count of deletions of a write; return the record that goes with it, if any.

        ``written_at`` is when it was handed to the store, seconds since the epoch.
        """
        if deletions == self._deletions:
            return None
        self._deletions = deletions
        if self._target is not None and not self._later:
            self._later = written_at
        if self._since:
            return None
        self._since = written_at
        return self._record()

    def flush(self) -> frozenset[str]:
        """Flush every family; return the names of the files that must go."""
        self._target, self._later = self._deletions, 0.0
        logs = {path.name for path in self._directory.glob("*.log") if path.stat().st_size}
        for name in FAMILIES:
            self._database.get_column_family(name).flush(True)
        tables = {Path(file["name"]).name for file in self._database.live_files()}
        return frozenset(logs | tables)

    def compact(self, files: frozenset[str]) -> bool:
        """Rewrite what ``flush`` named; return False if it was interrupted by ``stop``.

        Any thread may call it while another one writes. Raises StateError if a file stays.
        """
        with self._compacting:
            if self._stop.is_set():
                return False
            for name in FAMILIES:
                if not self._compact(name):
                    return False
            deadline = time.monotonic() + _REMOVAL_SECONDS
            while left := sorted(name for name in files if (self._directory / name).exists()):
                if self._stop.wait(0.05):
                    return False
                if time.monotonic() > deadline:
                    raise StateError(
                        f"{self._directory}/{left[0]} still holds deleted examples: "
                        "see that its disk has room and restart the worker"
                    )
            return True

    def conclude(self) -> bytes:
        """Return the record that says that everything before ``flush`` is gone."""
        self._done = self._target or 0
        self._since, self._target = self._later, None
        return self._record()

    def stop(self) -> None:
        """Interrupt ``compact`` and wait until it has returned, which takes one step more."""
        self._stop.set()
        with self._compacting:
            pass

    def _compact(self, name: str) -> bool:
        options = CompactOptions()
        options.set_exclusive_manual_compaction(False)
        options.set_bottommost_level_compaction(BottommostLevelCompaction.force())
        family = self._database.get_column_family(name)
        for first, last in self._steps(name):
            if self._stop.is_set():
                return False
            try:
                family.compact_range(first, last, options)
            except Exception as error:
                raise StateError(
                    f"{self._directory} cannot be compacted ({error}): check its disk and restart"
                ) from error
        return not self._stop.is_set()

    def _steps(self, name: str) -> list[tuple[bytes | None, bytes | None]]:
        """Cut the keys of a family into ranges of about _STEP_BYTES."""
        family = self._database.get_column_family(name)
        size = family.property_int_value("rocksdb.total-sst-files-size") or 0
        count = -(-size // _STEP_BYTES)
        if count < 2:
            return [(None, None)]
        ends = family.iter()
        ends.seek_to_last()
        if not ends.valid():  # there is nothing but what was removed
            return [(None, None)]
        most = int.from_bytes(ends.key(), "big")
        edges = [key(most * step // count) for step in range(1, count)]
        return list(zip([None, *edges], [*edges, None], strict=True))

    def _record(self) -> bytes:
        done, since = np.array([self._done], np.int64), np.array([self._since])
        return pack(_KIND, {"done": done, "since": since})
