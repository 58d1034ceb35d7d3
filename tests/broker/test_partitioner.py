"""Ids are sent where Kafka's producers send them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import DefaultPartitioner

from hcdv_stream.broker.partitioner import key_hash, partition_of


class Cluster:
    """The metadata that the partitioner reads."""

    def __init__(self, partitions):
        self._partitions = set(range(partitions))

    def topics(self):
        return {"sessions"}

    def partitions_for_topic(self, topic):
        return self._partitions

    available_partitions_for_topic = partitions_for_topic


@pytest.mark.parametrize(
    ("key", "hashed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_hash_is_that_of_kafkas_own_client(key, hashed):
    """The vectors are those of ``org.apache.kafka.common.utils.UtilsTest``."""
    assert key_hash(key) == hashed & 0x7FFFFFFF


@given(st.text(max_size=30), st.integers(1, 200))
def test_the_partition_is_that_of_kafka_python(name, partitions):
    key = name.encode()
    expected = DefaultPartitioner().partition(
        "sessions", name, key, None, None, Cluster(partitions)
    )
    assert partition_of(name, partitions) == expected
