"""The partition of an id: Kafka's default partitioner, murmur2 of the record's key.

Sessions are keyed by their ids.
"""

from kafka.partitioner.default import murmur2


def key_hash(key: bytes) -> int:
    """Return the number that Kafka's default partitioner divides by the count of partitions."""
    return int(murmur2(key)) & 0x7FFFFFFF


def partition_of_key(key: bytes, partitions: int) -> int:
    """Return the partition, 0 to ``partitions`` − 1, to which Kafka's producers send a key."""
    return key_hash(key) % partitions


def partition_of(id: str, partitions: int) -> int:
    """Return the partition to which Kafka's producers send the session of an id."""
    return partition_of_key(id.encode(), partitions)
