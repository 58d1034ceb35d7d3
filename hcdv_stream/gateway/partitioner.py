"""Which partition an id belongs to: Kafka's default partitioner, murmur2 of the key.

As in Kafka's ``org.apache.kafka.common.utils.Utils.murmur2`` and kafka-python's
``DefaultPartitioner``; sessions are keyed by their ids.
"""

import struct

_SEED, _MULTIPLIER, _SHIFT, _MASK = 0x9747B28C, 0x5BD1E995, 24, 0xFFFFFFFF


def partition_of(id: str, partitions: int) -> int:
    """Return the partition, 0 to ``partitions`` − 1, that Kafka's producers send an id to."""
    return partition_of_key(id.encode(), partitions)


def partition_of_key(key: bytes, partitions: int) -> int:
    """Return the same for a record's key."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """Return the 32-bit MurmurHash2 that Kafka uses, as an unsigned number."""
    whole = len(data) // 4
    state = _SEED ^ len(data)
    for word in struct.unpack_from(f"<{whole}I", data):
        mixed = word * _MULTIPLIER & _MASK
        mixed ^= mixed >> _SHIFT
        state = (state * _MULTIPLIER & _MASK) ^ (mixed * _MULTIPLIER & _MASK)
    if rest := data[4 * whole :]:
        state ^= int.from_bytes(rest, "little")
        state = state * _MULTIPLIER & _MASK
    state ^= state >> 13
    state = state * _MULTIPLIER & _MASK
    return state ^ state >> 15
