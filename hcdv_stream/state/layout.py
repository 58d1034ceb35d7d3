"""How a partition lies in RocksDB: column families, keys and options.

Write buffers are small, so that whoever opens the database beside its owner replays little of the
write-ahead log; all families are flushed together, so that a file never holds one family ahead of
another.
"""

import re
import struct
from pathlib import Path

from rocksdict import BlockBasedOptions, DBCompressionType, DBRecoveryMode, Options, Rdict

from hcdv_stream.state.errors import REBUILD, StateError

META, NODES, LEAVES, CENTROIDS, LOG = "meta", "nodes", "leaves", "centroids", "log"
PROVIDERS = "providers"
FAMILIES = (META, NODES, LEAVES, CENTROIDS, LOG, PROVIDERS)

IDENTITY_KEY, HEADER_KEY, POSITION_KEY, SEQUENCE_KEY = b"identity", b"header", b"position", b"write"
LOG_IDENTITY_KEY = b"log"
DRIFT_KEY = b"drift"

BOUNDARY_KEY = b"\0"
"""Below every key. Each write deletes it from families whose keys ascend, in which it never is.

Files of ascending keys do not overlap. RocksDB then moves them down as they are, one more at every
flush, until descriptors run out. With this key in each they overlap, so RocksDB merges them.
"""
ASCENDING = (LOG, NODES, CENTROIDS)

OWNER_FILES = 64
"""Most files that an owner keeps open per partition: it reads at its start and to compact."""

_MIB = 1 << 20
_PARTITION = re.compile("0|[1-9][0-9]{0,8}")
_NUMBER = struct.Struct(">Q")  # big-endian, so that RocksDB's order is the numbers'


def partition_directories(topic: Path) -> dict[int, Path]:
    """Return the directories of a topic's states by partition; none if there is no such directory.

    A partition has one name, its number in plain digits: a copy named ``00`` or ``٠`` is none.
    """
    if not topic.is_dir():
        return {}
    numbers = sorted(int(path.name) for path in topic.iterdir() if _PARTITION.fullmatch(path.name))
    return {number: topic / str(number) for number in numbers}


def key(number: int) -> bytes:
    """Return the key of a leaf, a node or a log entry; numbers are at least 0."""
    return _NUMBER.pack(number)


def number(data: bytes) -> int:
    """Return the number that a key or the write counter holds; raises StateError."""
    if len(data) != _NUMBER.size:
        raise StateError(f"a number of the state has {len(data)} bytes instead of 8: {REBUILD}")
    (value,) = _NUMBER.unpack(data)
    return int(value)


def options(max_open_files: int = -1) -> Options:
    """Return the options of the database and of each family.

    A reader keeps every file open (-1): its owner may delete a file that was not opened yet.
    """
    chosen = Options(raw_mode=True)
    chosen.create_if_missing(True)
    chosen.create_missing_column_families(True)
    chosen.set_atomic_flush(True)
    chosen.set_write_buffer_size(4 * _MIB)
    chosen.set_max_total_wal_size(8 * _MIB)
    # Every flush adds to the manifest. It is started anew at this size, within minutes: at 1 MiB it
    # would grow for an hour, and whoever opens the database would read an hour of changes.
    chosen.set_max_manifest_file_size(_MIB // 16)
    # Most of a leaf is embeddings, which do not compress.
    chosen.set_compression_type(DBCompressionType.none())
    # A record is read once after each write of it and then kept decoded, so a cache of blocks would
    # hold what nobody asks for again: up to 32 MiB per family and partition, most of it of files
    # that are gone.
    blocks = BlockBasedOptions()
    blocks.disable_cache()
    chosen.set_block_based_table_factory(blocks)
    chosen.set_max_file_opening_threads(1)  # a reader opens few files, often
    chosen.set_max_open_files(max_open_files)
    # An unfinished tail is what a killed owner leaves. Beyond the first damage nothing is taken in:
    # the state is then an earlier update with its offset, and the worker replays from there.
    chosen.set_wal_recovery_mode(DBRecoveryMode.point_in_time())
    chosen.set_paranoid_checks(True)
    chosen.set_keep_log_file_num(2)
    chosen.set_max_log_file_size(_MIB)
    chosen.set_stats_dump_period_sec(0)
    chosen.set_stats_persist_period_sec(0)
    return chosen


def open_for_writing(directory: Path) -> Rdict:
    """Open or create the database as its one owner."""
    chosen = options(OWNER_FILES)
    return Rdict(str(directory), chosen, dict.fromkeys(FAMILIES, chosen))
