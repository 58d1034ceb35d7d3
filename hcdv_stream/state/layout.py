"""How a partition lies in RocksDB: column families, keys and options.

Write buffers are small, so that whoever opens the database beside its owner replays little of the
write-ahead log; all families are flushed together, so that a file never holds one family ahead of
another.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rocksdict import DBCompressionType, Options, Rdict

META, NODES, LEAVES, CENTROIDS, LOG = "meta", "nodes", "leaves", "centroids", "log"
FAMILIES = (META, NODES, LEAVES, CENTROIDS, LOG)

IDENTITY_KEY, HEADER_KEY, POSITION_KEY, SEQUENCE_KEY = b"identity", b"header", b"position", b"write"

_MIB = 1 << 20
_NUMBER = struct.Struct(">Q")  # big-endian, so that RocksDB's order is the numbers'


def key(number: int) -> bytes:
    """Return the key of a leaf, a node or a log entry; numbers are at least 0."""
    return _NUMBER.pack(number)


def number(data: bytes) -> int:
    """Return the number that a key or the write counter holds."""
    (value,) = _NUMBER.unpack(data)
    return int(value)


def options() -> Options:
    """Return the options of the database and of each family."""
    chosen = Options(raw_mode=True)
    chosen.create_if_missing(True)
    chosen.create_missing_column_families(True)
    chosen.set_atomic_flush(True)
    chosen.set_write_buffer_size(4 * _MIB)
    chosen.set_max_total_wal_size(8 * _MIB)
    chosen.set_max_manifest_file_size(_MIB)
    # Most of a leaf is embeddings, which do not compress.
    chosen.set_compression_type(DBCompressionType.none())
    chosen.set_max_file_opening_threads(1)  # a reader opens few files, often
    chosen.set_keep_log_file_num(2)
    chosen.set_max_log_file_size(_MIB)
    chosen.set_stats_dump_period_sec(0)
    chosen.set_stats_persist_period_sec(0)
    return chosen


class Family(Protocol):
    """A column family, for reading."""

    def get(self, key: bytes, /) -> bytes | None:
        """Return the record of a key, None where there is none."""

    def values(self) -> Iterable[bytes]:
        """Return all records in the order of their keys."""


@dataclass(frozen=True, slots=True)
class Families:
    """The column families of an open database, for reading, in the order of ``FAMILIES``.

    A record of ``centroids`` counts where it is of a later write than its leaf's own.
    """

    meta: Family
    nodes: Family
    leaves: Family
    centroids: Family
    log: Family


def open_for_writing(directory: Path) -> Rdict:
    """Open or create the database as its one owner."""
    return Rdict(str(directory), options(), {name: options() for name in FAMILIES})


def families_of(database: Rdict) -> Families:
    """Return the families; while they are alive, ``close`` does not give up the lock."""
    return Families(*(database.get_column_family(name) for name in FAMILIES))
