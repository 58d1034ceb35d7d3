"""The one owner of a partition's state, and the one write in which an update becomes durable."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from rocksdict import Rdict, WriteBatch, WriteOptions

from hcdv_stream.state.drift_record import encode_drift
from hcdv_stream.state.erasure import ERASURE_KEY, Erasure
from hcdv_stream.state.errors import REBUILD, StateError, cause_of, explained, explaining
from hcdv_stream.state.family import Families
from hcdv_stream.state.identity import Identity
from hcdv_stream.state.inventory import Inventory
from hcdv_stream.state.layout import (
    ASCENDING,
    BOUNDARY_KEY,
    CENTROIDS,
    DRIFT_KEY,
    FAMILIES,
    HEADER_KEY,
    IDENTITY_KEY,
    LEAVES,
    LOG,
    LOG_IDENTITY_KEY,
    META,
    NODES,
    POSITION_KEY,
    PROVIDERS,
    SEQUENCE_KEY,
    key,
    open_for_writing,
)
from hcdv_stream.state.log_identity import LogIdentity, misplaced, settled_log
from hcdv_stream.state.permissions import make_private
from hcdv_stream.state.reading.snapshot import (
    check_log,
    read_identity,
    read_inventoried,
    read_leaf,
    read_log_identity,
    read_sequence,
)
from hcdv_stream.state.records import (
    encode_centroid,
    encode_change,
    encode_header,
    encode_leaf,
    encode_node,
    encode_position,
    encode_provider,
)
from hcdv_stream.state.stored import Change, Position, StoredPartition
from hcdv_stream.valuation.state import Delta
from hcdv_stream.valuation.tree.leaf import Leaf


@dataclass(frozen=True, slots=True)
class StoreMeasures:
    """What RocksDB says of itself: bytes in memory, bytes to rewrite, whether writes wait."""

    buffered_bytes: int
    pending_compaction_bytes: int
    writes_held_back: bool


class PartitionStore:
    """A partition's state, open for writing by one process and one thread at a time."""

    def __init__(self, directory: Path, database: Rdict, *, sync: bool, log_length: int) -> None:
        """Take over an open database; use ``open``."""
        self.log: LogIdentity | None = None
        """The log that the state is computed from, None if it does not say."""
        self._directory = directory
        self._place = _place_of(directory)
        self._database = database
        self._handles = {name: database.get_column_family_handle(name) for name in FAMILIES}
        self._sequence = 0
        self._inventory = Inventory()
        self._loaded = False
        self._erasure = Erasure(directory, database)
        self._log_length = log_length
        self._write_options = WriteOptions()
        self._write_options.sync = sync

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        identity: Identity,
        log: LogIdentity | None = None,
        accept_truncated: bool = False,
        sync: bool = False,
        log_length: int = 10_000,
    ) -> Self:
        """Open or create the state in ``directory``.

        ``log`` is the log that its updates come from, None if they come from none;
        ``accept_truncated`` lets a state begin, or go on, without the log's beginning.
        ``sync`` makes every write survive power loss; without it, it survives the death of the
        process. ``log_length`` is how many writes the update log keeps. Raises StateLocked where
        another process owns it, StateError where it is another's state or cannot be read.
        """
        database = _open(directory)
        store = cls(directory, database, sync=sync, log_length=log_length)
        try:
            store._settle(identity, log, accept_truncated)
        except BaseException:
            with suppress(StateError):  # what went wrong first is what must be said
                store.close()
            raise
        return store

    def load(self) -> StoredPartition | None:
        """Return the last update written; None before the first.

        Every record of every family is read and checked. Arrays are read-only views of what was
        read. Raises StateError for a state that is damaged or not whole.
        """
        with explaining(self._directory), Families.of(self._database) as families:
            stored, self._inventory = read_inventoried(families)
            check_log(families, self._sequence)
            self._erasure.load(families.meta.get(ERASURE_KEY), stored)
            self._loaded = True
            return stored

    def read_leaf(self, number: int) -> Leaf | None:
        """Return a leaf as it is stored now; None where there is none. Raises StateError."""
        with explaining(self._directory), Families.of(self._database) as families:
            return read_leaf(families, number)

    def check_place(self) -> None:
        """See that the directory is still the one that was opened.

        RocksDB goes on writing into files that were moved away or removed, which nobody reads.
        Raises StateError if it is not.
        """
        with suppress(PermissionError):
            if _place_of(self._directory) != self._place:
                raise StateError(
                    f"{self._directory} was moved, removed or replaced while this process used "
                    "it: restart, and stop the worker before you touch its state"
                )

    def write(self, delta: Delta, position: Position) -> None:
        """Write an update and the position it is as of, both or neither.

        Raises StateError where the disk refuses, or where the directory is another one by now; the
        owner must not go on then.
        """
        self.check_place()
        if not self._loaded:
            self.load()
        sequence = self._sequence + 1
        batch = WriteBatch(raw_mode=True)
        self._remove(batch, LEAVES, delta.removed_leaves)
        self._remove(batch, CENTROIDS, delta.removed_leaves)
        self._remove(batch, NODES, delta.removed_nodes)
        for identifier, leaf in delta.leaves.items():
            self._put(batch, LEAVES, identifier, encode_leaf(leaf, sequence))
        for identifier, node in delta.nodes.items():
            self._put(batch, NODES, identifier, encode_node(node, sequence))
        for identifier, centroid in delta.centroids.items():
            record = encode_centroid(identifier, centroid, sequence)
            self._put(batch, CENTROIDS, identifier, record)
        for identifier, counts in delta.providers.items():
            self._put(batch, PROVIDERS, identifier, encode_provider(counts, sequence))
        self._put_meta(batch, delta, position, sequence)
        due = self._erasure.note(delta.header.deletions, position.written_at)
        if due is not None:
            batch.put(ERASURE_KEY, due, self._handles[META])
        self._commit(batch)
        self._sequence = sequence

    @property
    def erasure_due_since(self) -> float | None:
        """When the oldest deletion was written whose bytes may be left in files, if there is one.

        Known once ``load`` was called.
        """
        return self._erasure.pending_since

    def begin_erasure(self) -> frozenset[str]:
        """Flush everything; return the files that ``erase`` is to see gone."""
        return self._erasure.flush()

    def erase(self, files: frozenset[str]) -> bool:
        """Compact everything until these files are gone; False if ``close`` interrupted it.

        For another thread than the one that writes, which may go on. Raises StateError.
        """
        return self._erasure.compact(files)

    def end_erasure(self) -> None:
        """Note that what was deleted before ``begin_erasure`` is gone; raises StateError."""
        batch = WriteBatch(raw_mode=True)
        batch.put(ERASURE_KEY, self._erasure.conclude(), self._handles[META])
        self._commit(batch)

    def measures(self) -> StoreMeasures:
        """Ask RocksDB for its own counts, which costs microseconds. Raises StateError."""
        with explaining(self._directory, "measured"):
            families = [self._database.get_column_family(name) for name in FAMILIES]
            buffered, pending = (
                sum(family.property_int_value(name) or 0 for family in families)
                for name in (
                    "rocksdb.cur-size-all-mem-tables",
                    "rocksdb.estimate-pending-compaction-bytes",
                )
            )
            held_back = any(
                self._database.property_int_value(name)
                for name in ("rocksdb.is-write-stopped", "rocksdb.actual-delayed-write-rate")
            )
        return StoreMeasures(buffered, pending, held_back)

    def close(self) -> None:
        """Give up the lock; harmless when it was closed before.

        Raises StateError where what is buffered cannot be flushed; the write-ahead log still has
        it.
        """
        if self._handles:
            self._erasure.stop()
            self._handles.clear()
            try:
                self._database.close()
            except Exception as error:  # rocksdict raises no other class
                raise explained(self._directory, error, "closed") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with suppress(*() if error is None else (StateError,)):  # the first failure is said
            self.close()

    def _put(self, batch: WriteBatch, family: str, identifier: int, record: bytes) -> None:
        batch.put(key(identifier), record, self._handles[family])
        self._inventory.put(family, identifier, record)

    def _remove(self, batch: WriteBatch, family: str, identifiers: Collection[int]) -> None:
        for identifier in identifiers:
            batch.delete(key(identifier), self._handles[family])
        self._inventory.remove(family, identifiers)

    def _commit(self, batch: WriteBatch) -> None:
        try:
            self._database.write(batch, self._write_options)
        except Exception as error:  # rocksdict raises no other class
            raise explained(self._directory, error, "written") from error

    def _put_meta(self, batch: WriteBatch, delta: Delta, position: Position, sequence: int) -> None:
        meta, log = self._handles[META], self._handles[LOG]
        batch.put(HEADER_KEY, encode_header(delta.header, self._inventory.totals), meta)
        batch.put(POSITION_KEY, encode_position(position), meta)
        batch.put(SEQUENCE_KEY, key(sequence), meta)
        batch.put(DRIFT_KEY, encode_drift(delta.drift, sequence), meta)
        change = Change(
            sequence,
            delta.header.updates,
            delta.header.records,
            position,
            tuple(delta.leaves),
            tuple(delta.nodes),
            delta.removed_leaves,
            delta.removed_nodes,
            tuple(delta.centroids),
            tuple(delta.providers),
        )
        batch.put(key(sequence), encode_change(change), log)
        if sequence > self._log_length:
            batch.delete(key(sequence - self._log_length), log)
        for family in ASCENDING:
            batch.delete(BOUNDARY_KEY, self._handles[family])

    def _settle(self, identity: Identity, log: LogIdentity | None, accept_truncated: bool) -> None:
        """Check whose state of which log it is, or make it ours; shorten its update log."""
        with explaining(self._directory), Families.of(self._database) as families:
            self._sequence = read_sequence(families)
            found = read_identity(families)
            self.log = read_log_identity(families)
        if found is None and self._sequence:
            raise StateError(f"{self._directory} does not say whose state it is: {REBUILD}")
        batch = WriteBatch(raw_mode=True)
        if found is None:
            batch.put(IDENTITY_KEY, identity.dump(), self._handles[META])
        elif foreign := misplaced(self._directory, found, identity.topic, identity.partition):
            raise StateError(foreign)
        elif differences := found.differences(identity):
            raise StateError(
                f"{self._directory} holds a state computed otherwise ({'; '.join(differences)}): "
                f"set it back, or {REBUILD}"
            )
        if log is not None:
            settled = settled_log(
                self._directory,
                identity,
                self.log,
                log,
                new=not self._sequence,
                accept_truncated=accept_truncated,
            )
            if settled != self.log:
                batch.put(LOG_IDENTITY_KEY, settled.dump(), self._handles[META])
            self.log = settled
        oldest = self._sequence - self._log_length + 1
        if oldest > 1:
            batch.delete_range(key(0), key(oldest), self._handles[LOG])
        if len(batch):
            durably = WriteOptions()
            durably.sync = True
            with explaining(self._directory, "written"):
                self._database.write(batch, durably)


def _place_of(directory: Path) -> tuple[int, int] | None:
    """Return what the file that RocksDB locks is, whatever its name; None where there is none."""
    try:
        status = (directory / "LOCK").stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_dev, status.st_ino


def _open(directory: Path) -> Rdict:
    try:
        make_private(directory)
        names = {path.name for path in directory.iterdir()}
    except OSError as error:
        if isinstance(error, FileExistsError | NotADirectoryError):
            cause, fix = "a file is in its place", "choose another"
        else:
            cause, fix = cause_of(error)
        raise StateError(
            f"{directory} cannot be a state directory because {cause}: {fix}"
        ) from error
    if names and not names & {"CURRENT", "LOCK"}:
        raise StateError(f"{directory} holds other files: choose an empty state directory")
    if "CURRENT" not in names and any(name.endswith((".sst", ".log")) for name in names):
        raise StateError(f"{directory} cannot be opened because CURRENT is missing: {REBUILD}")
    with explaining(directory, "opened"):
        return open_for_writing(directory)
