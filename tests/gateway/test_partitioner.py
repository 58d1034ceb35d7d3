"""Ids are sent where Kafka's producers send them."""

from hypothesis import given
from hypothesis import strategies as st
from kafka.partitioner.default import DefaultPartitioner
from kafka.partitioner.default import murmur2 as reference

from hcdv_stream.gateway.partitioner import murmur2, partition_of


class Cluster:
    """What the partitioner asks of the metadata."""

    def __init__(self, partitions):
        self._partitions = set(range(partitions))

    def topics(self):
        return {"sessions"}

    def partitions_for_topic(self, topic):
        return self._partitions

    available_partitions_for_topic = partitions_for_topic


@given(st.binary(max_size=40))
def test_the_hash_is_kafkas(data):
    assert murmur2(data) == reference(data)


@given(st.text(max_size=30), st.integers(1, 200))
def test_the_partition_is_kafkas(name, partitions):
    key = name.encode()
    expected = DefaultPartitioner().partition(
        "sessions", name, key, None, None, Cluster(partitions)
    )
    assert partition_of(name, partitions) == expected
