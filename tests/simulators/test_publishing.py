"""Pace, and sessions on a real topic."""

import time

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.partitioner.default import murmur2

from hcdv_stream.broker.embedded import free_port
from hcdv_stream.broker.errors import BrokerError
from hcdv_stream.simulators.messages import Message
from hcdv_stream.simulators.publishing import Publisher, PublishError, paced


class Clock:
    """Time as data: moves when somebody sleeps, or by hand."""

    def __init__(self):
        self.now = 100.0
        self.slept = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        assert seconds > 0
        self.slept.append(seconds)
        self.now += seconds


def numbered(count):
    return [Message(b"k%d" % i, b"v%d" % i) for i in range(count)]


def test_an_even_rate():
    clock = Clock()
    times = [clock.now for _ in paced(numbered(5), 4.0, clock, clock.sleep)]
    assert times == [100.0, 100.25, 100.5, 100.75, 101.0]


def test_a_slow_receiver_is_caught_up_with():
    clock = Clock()
    times = []
    for index, _ in enumerate(paced(numbered(5), 10.0, clock, clock.sleep)):
        times.append(clock.now)
        if index == 0:
            clock.now += 0.25
    assert times == pytest.approx([100.0, 100.25, 100.25, 100.3, 100.4])


def test_no_rate_means_no_waiting():
    clock = Clock()
    assert len(list(paced(numbered(5), None, clock, clock.sleep))) == 5
    assert not clock.slept


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
def test_a_rate_must_be_positive(rate):
    with pytest.raises(ValueError, match="rate"):
        list(paced(numbered(1), rate))


@pytest.mark.broker
def test_everything_arrives_once_in_order_at_its_partition(bootstrap, wide_topic):
    sent = numbered(12_000)
    with Publisher(bootstrap, wide_topic) as publisher:
        for message in sent:
            publisher.send(message)
    assert publisher.sent == 12_000
    received = consume(bootstrap, wide_topic, 12_000)
    for partition, records in received.items():
        expected = [m for m in sent if (murmur2(m.key) & 0x7FFFFFFF) % 4 == partition]
        assert [(r.key, r.value) for r in records] == [(m.key, m.value) for m in expected]


@pytest.mark.broker
def test_a_topic_that_is_not_there_is_refused_and_not_made(bootstrap):
    with pytest.raises(PublishError, match="topics create"), Publisher(bootstrap, "nowhere"):
        pass
    with pytest.raises(PublishError, match="topics create"), Publisher(bootstrap, "nowhere"):
        pass


def test_no_broker_is_one_sentence(monkeypatch):
    monkeypatch.setattr("hcdv_stream.simulators.publishing._REACH_SECONDS", 0.2)
    with (
        pytest.raises(BrokerError, match="no Kafka at"),
        Publisher(f"127.0.0.1:{free_port()}", "sessions"),
    ):
        pass


def consume(bootstrap, topic, count):
    """The first ``count`` records by partition; Tansu's end offsets cannot tell how many."""
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
    )
    received = {partition: [] for partition in range(4)}
    deadline = time.monotonic() + 30
    try:
        consumer.assign([TopicPartition(topic, partition) for partition in received])
        while sum(map(len, received.values())) < count and time.monotonic() < deadline:
            for tp, records in consumer.poll(timeout_ms=1000).items():
                received[tp.partition] += records
    finally:
        consumer.close()
    return received
