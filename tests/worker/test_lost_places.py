"""A worker whose place in the log is gone while it runs, and records that clients cannot read."""

import signal
from typing import Any

import aiokafka
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from hcdv_stream.broker.header_names import read_any_header_name
from tests.worker.conftest import Workers
from tests.worker.harness import (
    consume_all,
    ids_of,
    produce,
    session,
    stored,
    until,
    wait_for_offset,
)

pytestmark = [pytest.mark.broker, pytest.mark.slow]


class Bytes(str):
    """A header's name that is no text."""

    __slots__ = ()

    def encode(self, *_: Any, **__: Any) -> bytes:
        return b"\xff\xfe"


def delete_records(bootstrap: str, topic: str, before: int) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    where = TopicPartition(topic, 0)
    try:
        admin.delete_records({where: before})
    except Exception as error:
        pytest.skip(f"this broker deletes no records: {error!r}")
    finally:
        admin.close()
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    start = consumer.beginning_offsets([where])[where]
    consumer.close()
    if start != before:
        pytest.skip("this broker deletes no records")


def test_records_that_are_gone_before_they_are_read_are_not_passed_over(
    bootstrap: str, topic: str, workers: Workers
):
    """All that the worker had yet to read is deleted, and nothing comes after it."""
    produce(bootstrap, topic, [session(number) for number in range(20)])
    worker = workers.start(topic, session_timeout_seconds="30")
    wait_for_offset(workers.directory / "state" / topic / "0", 20, worker, 40)
    worker.process.send_signal(signal.SIGSTOP)
    # A fetch that is under way gets the first; what is sent after that waits for the next one.
    produce(bootstrap, topic, [session(20)])
    until(lambda: len(consume_all(bootstrap, topic)) == 21, 20)
    produce(bootstrap, topic, [session(number) for number in range(21, 50)])
    delete_records(bootstrap, topic, 50)
    worker.process.send_signal(signal.SIGCONT)
    assert worker.process.wait(120) == 1, worker.output
    assert "the log now starts at 50 and the records between are lost" in worker.said
    partition = stored(workers.directory / "state" / topic / "0")
    assert partition is not None
    assert partition.position.next_offset <= 21


def test_a_header_s_name_that_is_not_text_stops_nothing(
    bootstrap: str, topic: str, workers: Workers
):
    odd = [(Bytes("odd"), b"value")]
    produce(bootstrap, topic, [session(number) for number in range(5)])
    produce(bootstrap, topic, [session(5)], headers=odd)
    produce(bootstrap, topic, [(b"key", b"poison")], headers=odd)
    produce(bootstrap, topic, [session(number) for number in range(6, 10)])
    worker = workers.start(topic)
    wait_for_offset(workers.directory / "state" / topic / "0", 11, worker, 40)
    worker.stop()
    partition = stored(workers.directory / "state" / topic / "0")
    assert partition is not None
    assert sorted(ids_of([partition])) == [f"s{number:06d}" for number in range(10)]
    (letter,) = consume_all(bootstrap, f"{topic}.dlq")
    assert dict(letter.headers)[r"\xff\xfe"] == b"value"


def test_both_clients_read_any_header_s_name(bootstrap: str, topic: str):
    produce(bootstrap, topic, [session(0)], headers=[(Bytes("odd"), b"1"), ("even", b"2")])
    before = aiokafka.consumer.fetcher.MemoryRecords
    read_any_header_name()
    try:
        (record,) = consume_all(bootstrap, topic)
    finally:
        aiokafka.consumer.fetcher.MemoryRecords = before
    assert list(record.headers) == [(r"\xff\xfe", b"1"), ("even", b"2")]


@pytest.mark.parametrize(
    ("place", "furthest"),
    [("5", b"abc"), ("5", b"\xff"), ("9" * 5000, b"5"), ("5", b"9" * 5000), ("5", b"-1")],
)
def test_somebody_else_s_letter_stops_no_worker(
    place: str, furthest: bytes, bootstrap: str, topic: str
):
    from hcdv_stream.broker.groups import group_facts
    from tests.worker.test_letters import offsets_of, run

    topic_id = group_facts(bootstrap, "g", topic).topic_id
    headers = [("hcdv-group", b"g"), ("hcdv-source-offset", b"77"), ("hcdv-furthest", furthest)]
    headers += [("hcdv-source-topic-id", topic_id.encode())] if topic_id else []
    produce(bootstrap, f"{topic}.dlq", [(f"{topic}/0/{place}".encode(), b"x")], headers)
    run(bootstrap, topic, "g", (0, [1, 5]), (0, [1, 5]))
    assert sorted(offsets_of(bootstrap, topic)) == [1, 5, 77]
