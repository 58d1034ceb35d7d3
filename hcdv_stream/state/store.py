"""The one owner of a partition's state, and the one write in which an update becomes durable."""

from pathlib import Path
from types import TracebackType
from typing import Self

from rocksdict import Rdict, WriteBatch, WriteOptions

from hcdv_stream.state.errors import REBUILD, StateError, StateLocked
from hcdv_stream.state.identity import Identity
from hcdv_stream.state.layout import (
    CENTROIDS,
    FAMILIES,
    HEADER_KEY,
    IDENTITY_KEY,
    LEAVES,
    LOG,
    META,
    NODES,
    POSITION_KEY,
    SEQUENCE_KEY,
    families_of,
    key,
    open_for_writing,
)
from hcdv_stream.state.records import (
    encode_centroid,
    encode_change,
    encode_header,
    encode_leaf,
    encode_node,
    encode_position,
)
from hcdv_stream.state.snapshot import read_all, read_identity, read_sequence
from hcdv_stream.state.stored import Change, Position, StoredPartition
from hcdv_stream.valuation.delta import Delta


class PartitionStore:
    """A partition's state, open for writing by one process and one thread at a time."""

    def __init__(self, directory: Path, database: Rdict, *, sync: bool, log_length: int) -> None:
        """Take over an open database; use ``open``."""
        self._directory = directory
        self._database = database
        self._handles = {name: database.get_column_family_handle(name) for name in FAMILIES}
        self._sequence = read_sequence(families_of(database))
        self._log_length = log_length
        self._write_options = WriteOptions()
        self._write_options.sync = sync

    @classmethod
    def open(
        cls, directory: Path, *, identity: Identity, sync: bool = False, log_length: int = 10_000
    ) -> Self:
        """Open or create the state in ``directory``.

        ``sync`` makes every write survive power loss; without it, it survives the death of the
        process. ``log_length`` is how many writes the update log keeps. Raises StateLocked where
        another process owns it, StateError where it is another's state or cannot be read.
        """
        database = _open(directory)
        store = cls(directory, database, sync=sync, log_length=log_length)
        try:
            store._settle(identity)
        except BaseException:
            store.close()
            raise
        return store

    def load(self) -> StoredPartition | None:
        """Return the last update written; None before the first.

        Arrays are read-only views of what was read. Raises StateError for a damaged state.
        """
        try:
            return read_all(families_of(self._database))
        except StateError as error:
            raise StateError(f"{self._directory}: {error}") from error

    def write(self, delta: Delta, position: Position) -> None:
        """Write an update and the position it is as of, both or neither.

        Raises StateError where the disk refuses; the owner must not go on then.
        """
        sequence = self._sequence + 1
        batch = WriteBatch(raw_mode=True)
        leaves, nodes, centroids = (self._handles[name] for name in (LEAVES, NODES, CENTROIDS))
        for removed in delta.removed_leaves:
            batch.delete(key(removed), leaves)
            batch.delete(key(removed), centroids)
        for removed in delta.removed_nodes:
            batch.delete(key(removed), nodes)
        for identifier, leaf in delta.leaves.items():
            batch.put(key(identifier), encode_leaf(leaf, sequence), leaves)
        for identifier, node in delta.nodes.items():
            batch.put(key(identifier), encode_node(node, sequence), nodes)
        for identifier, centroid in delta.centroids.items():
            batch.put(key(identifier), encode_centroid(identifier, centroid, sequence), centroids)
        self._put_meta(batch, delta, position, sequence)
        try:
            self._database.write(batch, self._write_options)
        except Exception as error:
            raise StateError(
                f"{self._directory} cannot be written ({error}): check its disk and restart"
            ) from error
        self._sequence = sequence

    def close(self) -> None:
        """Give up the lock; harmless when it was closed before."""
        if self._handles:
            self._handles.clear()
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _put_meta(self, batch: WriteBatch, delta: Delta, position: Position, sequence: int) -> None:
        meta, log = self._handles[META], self._handles[LOG]
        batch.put(HEADER_KEY, encode_header(delta.header), meta)
        batch.put(POSITION_KEY, encode_position(position), meta)
        batch.put(SEQUENCE_KEY, key(sequence), meta)
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
        )
        batch.put(key(sequence), encode_change(change), log)
        if sequence > self._log_length:
            batch.delete(key(sequence - self._log_length), log)

    def _settle(self, identity: Identity) -> None:
        """Check whose state it is, or make it ours; shorten a log that was longer before."""
        found = _identity(self._directory, self._database)
        batch = WriteBatch(raw_mode=True)
        if found is None:
            batch.put(IDENTITY_KEY, identity.dump(), self._handles[META])
        elif differences := found.differences(identity):
            raise StateError(
                f"{self._directory} holds a state computed otherwise ({'; '.join(differences)}): "
                f"set it back, or {REBUILD}"
            )
        oldest = self._sequence - self._log_length + 1
        if oldest > 1:
            batch.delete_range(key(0), key(oldest), self._handles[LOG])
        if len(batch):
            durably = WriteOptions()
            durably.sync = True
            self._database.write(batch, durably)


def _open(directory: Path) -> Rdict:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        foreign = not (directory / "CURRENT").exists() and any(directory.iterdir())
    except OSError as error:
        raise StateError(
            f"{directory} cannot be a state directory ({error.strerror}): "
            "choose a state directory that this user may write"
        ) from error
    if foreign and not (directory / "LOCK").exists():
        raise StateError(f"{directory} holds other files: choose an empty state directory")
    try:
        return open_for_writing(directory)
    except Exception as error:
        text = str(error)
        if "lock" in text.lower() and "LOCK" in text:
            raise StateLocked(
                f"{directory} is in use by another process: stop the other worker, "
                "or give this one a state directory of its own"
            ) from error
        raise StateError(f"{directory} cannot be opened ({text}): {REBUILD}") from error


def _identity(directory: Path, database: Rdict) -> Identity | None:
    families = families_of(database)
    try:
        found = read_identity(families)
    except StateError as error:
        raise StateError(f"{directory}: {error}") from error
    if found is None and read_sequence(families):
        raise StateError(f"{directory} does not say whose state it is: {REBUILD}")
    return found
