"""The state ring: one partition's engine state and source offset in RocksDB, never torn."""

from hcdv_stream.state.errors import StateError, StateLocked
from hcdv_stream.state.identity import Identity
from hcdv_stream.state.log_identity import LogIdentity
from hcdv_stream.state.reading.reader import PartitionReader
from hcdv_stream.state.store import PartitionStore
from hcdv_stream.state.stored import Change, Position, StoredPartition

__all__ = [
    "Change",
    "Identity",
    "LogIdentity",
    "PartitionReader",
    "PartitionStore",
    "Position",
    "StateError",
    "StateLocked",
    "StoredPartition",
]
