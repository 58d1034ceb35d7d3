"""A worker whose place in the log is gone while it runs, and records that clients cannot read."""

import asyncio
import shutil
import signal
import time
from types import SimpleNamespace
from typing import Any

import aiokafka
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.structs import OffsetAndMetadata

from hcdv_stream.broker.header_names import read_any_header_name
from hcdv_stream.worker.kafka.consumer_thread import ConsumerThread
from hcdv_stream.worker.kafka.log_range import LogError, LogRange
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

MISPLACED = "ids lie where Kafka's default partitioner does not put them"

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


@pytest.mark.parametrize("paused", [0.0, 3.5], ids=["at once", "after a pause"])
def test_records_that_are_gone_before_they_are_read_are_not_passed_over(
    bootstrap: str, topic: str, workers: Workers, paused: float
) -> None:
    """All that the worker had yet to read is deleted, and nothing comes after it.

    After a pause a commit that was under way is given up at the same time, which must not hide why
    the worker stops.
    """
    produce(bootstrap, topic, [session(number) for number in range(20)])
    worker = workers.start(topic, session_timeout_seconds="30")
    wait_for_offset(workers.directory / "state" / topic / "0", 20, worker, 40)
    worker.process.send_signal(signal.SIGSTOP)
    # A fetch that is under way gets the first; what is sent after that waits for the next one.
    produce(bootstrap, topic, [session(20)])
    until(lambda: len(consume_all(bootstrap, topic)) == 21, 20)
    produce(bootstrap, topic, [session(number) for number in range(21, 50)])
    delete_records(bootstrap, topic, 50)
    time.sleep(paused)
    worker.process.send_signal(signal.SIGCONT)
    assert worker.ends(120) == 1, worker.output
    assert "the log now starts at 50 and the records between are lost" in worker.said, worker.output
    partition = stored(workers.directory / "state" / topic / "0")
    assert partition is not None
    assert partition.position.next_offset <= 21


def test_the_group_s_place_before_the_log_s_beginning_is_nobody_s(
    bootstrap: str, topic: str, workers: Workers
) -> None:
    """A state was moved away because the log lost records: only Kafka remembers the old place."""
    produce(bootstrap, topic, [session(number) for number in range(20)])
    where = TopicPartition(topic, 0)
    member = KafkaConsumer(bootstrap_servers=bootstrap, group_id=f"group-of-{topic}")
    member.assign([where])
    member.commit({where: OffsetAndMetadata(5, "", -1)})
    member.close()
    delete_records(bootstrap, topic, 10)
    worker = workers.start(topic, truncated_log="accept")
    wait_for_offset(workers.directory / "state" / topic / "0", 20, worker, 60)
    worker.stop()
    partition = stored(workers.directory / "state" / topic / "0")
    assert partition is not None
    assert sorted(ids_of([partition])) == [f"s{number:06d}" for number in range(10, 20)]


@pytest.mark.parametrize("stored_at", [None, 459])
def test_a_place_before_that_of_the_state_is_asked_for_by_nobody(stored_at: int | None) -> None:
    """The first fetch of a partition may come before the seek to its state's place."""
    asked, tp = list[int](), TopicPartition("t", 0)

    async def log_of(_: Any, place: int) -> LogRange:
        asked.append(place)
        return LogRange("t", 0, 459, 500)

    owned = {} if stored_at is None else {0: SimpleNamespace(expected=stored_at)}
    thread = ConsumerThread.__new__(ConsumerThread)
    thread.consumer = SimpleNamespace(app=SimpleNamespace(owned=owned), log_of=log_of)
    asyncio.run(thread._refuse_lost_place({tp: 430}))
    assert asked == []
    owned[0] = SimpleNamespace(expected=430)
    with pytest.raises(LogError, match="the log now starts at 459"):
        asyncio.run(thread._refuse_lost_place({tp: 430}))


def test_a_header_s_name_that_is_not_text_stops_nothing(
    bootstrap: str, topic: str, workers: Workers
) -> None:
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


def test_both_clients_read_any_header_s_name(bootstrap: str, topic: str) -> None:
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
) -> None:
    from hcdv_stream.broker.groups import group_facts
    from tests.worker.letters.test_letters import offsets_of, run

    topic_id = group_facts(bootstrap, "g", topic).topic_id
    headers = [("hcdv-group", b"g"), ("hcdv-source-offset", b"77"), ("hcdv-furthest", furthest)]
    headers += [("hcdv-source-topic-id", topic_id.encode())] if topic_id else []
    produce(bootstrap, f"{topic}.dlq", [(f"{topic}/0/{place}".encode(), b"x")], headers)
    run(bootstrap, topic, "g", (0, [1, 5]), (0, [1, 5]))
    assert sorted(offsets_of(bootstrap, topic)) == [1, 5, 77]


@pytest.mark.parametrize("replaced", [False, True])
def test_a_state_that_is_moved_while_it_is_written_stops_the_worker(
    replaced: bool, bootstrap: str, topic: str, workers: Workers
) -> None:
    """RocksDB writes on into what nobody reads; the log is quiet meanwhile."""
    directory = workers.directory / "state" / topic / "0"
    produce(bootstrap, topic, [session(number) for number in range(20)])
    worker = workers.start(topic)
    wait_for_offset(directory, 20, worker, 40)
    directory.rename(workers.directory / "away")
    if replaced:
        shutil.copytree(workers.directory / "away", directory)
    assert worker.ends(80) == 1, worker.output
    assert f"{directory} was moved, removed or replaced while this process used it" in worker.said
    produce(bootstrap, topic, [session(number) for number in range(20, 30)])
    successor = workers.start(topic)
    wait_for_offset(directory, 30, successor, 40)
    successor.stop()


def test_a_dead_letter_topic_that_takes_no_letters_is_one_sentence(
    bootstrap: str, topic: str, workers: Workers
) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    limit = {"max.message.bytes": "400"}
    resource = ConfigResource(ConfigResourceType.TOPIC, f"{topic}.dlq", limit)
    try:
        admin.alter_configs([resource])
    except Exception as error:
        pytest.skip(f"this broker changes no limit: {error!r}")
    finally:
        admin.close()
    produce(bootstrap, topic, [session(0), (b"key", b"x" * 600)])
    worker = workers.start(topic)
    until(lambda: worker.events("sessions rejected") or worker.process.poll() is not None, 30)
    if worker.events("sessions rejected"):
        pytest.skip("this broker knows no limit")
    assert worker.process.wait() == 1, worker.output
    last = worker.output.splitlines()[-1]
    assert last.startswith(f"error: the topic of dead letters, '{topic}.dlq', does not take them")
    # The first may have been a poll of its own; the second has no effect without its letter.
    partition = stored(workers.directory / "state" / topic / "0")
    assert partition is None or partition.state.header.records == 1


def test_ids_of_another_partitioner_are_noticed(
    bootstrap: str, wide_topic: str, workers: Workers
) -> None:
    records = [session(number) for number in range(40)]
    produce(bootstrap, wide_topic, records[:20])
    worker = workers.start(wide_topic)
    until(lambda: worker.metric("hcdv_records_total") == 20, 40, worker.output)
    assert not worker.events(MISPLACED)
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    for number, (key, value) in enumerate(records[20:]):
        producer.send(wide_topic, key=key, value=value, partition=number % 4)
    producer.close()
    until(lambda: worker.metric("hcdv_records_total") == 40, 40, worker.output)
    assert worker.events(MISPLACED)
    worker.stop()
