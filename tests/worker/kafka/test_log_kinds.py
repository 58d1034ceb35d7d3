"""Logs of every kind that producers and topics can make: each is read as it is meant."""

from collections.abc import Sequence

import pytest
from kafka import KafkaProducer
from kafka.errors import KafkaError

from hcdv_stream.broker.topics import Topic, create_topics
from tests.conftest import new_topic
from tests.worker.conftest import Workers
from tests.worker.harness import (
    WorkerProcess,
    consume_all,
    ids_of,
    produce,
    session,
    stored,
    until,
    wait_for_offset,
)

pytestmark = [pytest.mark.broker, pytest.mark.slow]

CODECS = ("gzip", "snappy", "lz4", "zstd")


class Transactions:
    """A transactional producer of sessions for one topic."""

    def __init__(self, bootstrap: str, topic: str, name: str = "seller") -> None:
        self._topic = topic
        self._producer = KafkaProducer(
            bootstrap_servers=bootstrap, transactional_id=f"{name}-{topic}"
        )
        try:
            self._producer.init_transactions()
        except (KafkaError, AssertionError) as error:
            self._producer.close()
            pytest.skip(f"this broker has no transactions: {error!r}")

    def begin(self, numbers: Sequence[int]) -> None:
        """Begin a transaction and send these sessions in it."""
        self._producer.begin_transaction()
        for number in numbers:
            key, value = session(number)
            self._producer.send(self._topic, key=key, value=value, partition=0)
        self._producer.flush()

    def commit(self) -> None:
        self._producer.commit_transaction()

    def abort(self) -> None:
        self._producer.abort_transaction()

    def close(self) -> None:
        self._producer.close()


@pytest.fixture
def transactions(bootstrap: str, topic: str):
    made = Transactions(bootstrap, topic)
    yield made
    made.close()


def examples(workers: Workers, topic: str) -> list[str]:
    partition = stored(workers.directory / "state" / topic / "0")
    return sorted(ids_of([partition])) if partition else []


def named(numbers: Sequence[int]) -> list[str]:
    return [f"s{number:06d}" for number in numbers]


def live_and_idle(worker: WorkerProcess, lag: int = 0) -> None:
    """The lag comes to this, and stays so for longer than the stall time without a complaint."""
    until(lambda: worker.get("/readyz")[0] == 200, 30)
    until(lambda: worker.metric("hcdv_consumer_lag_records") == lag, 30, worker.output)
    looks = worker.metric("hcdv_broker_answers_total")
    # A look a second: six looks are longer than the stall time of these tests.
    until(lambda: worker.metric("hcdv_broker_answers_total") >= looks + 6, 60)
    assert worker.metric("hcdv_consumer_lag_records") == lag
    assert worker.get("/livez") == (200, "ok\n")


def test_a_transaction_and_then_silence_is_no_lag(
    topic: str, workers: Workers, transactions: Transactions
):
    worker = workers.start(topic, stall_seconds="3")
    transactions.begin(range(40))
    transactions.commit()
    wait_for_offset(workers.directory / "state" / topic / "0", 40, worker, 40)
    live_and_idle(worker)
    worker.stop()

    # The marker lies behind the stored offset; who begins there comes to the same.
    successor = workers.start(topic, stall_seconds="3")
    assert successor.wait_for("partition owned")["offset"] == 40
    live_and_idle(successor)
    produced = range(40, 45)
    transactions.begin(produced)
    transactions.commit()
    wait_for_offset(workers.directory / "state" / topic / "0", 46, successor, 40)
    live_and_idle(successor)
    successor.stop()
    assert examples(workers, topic) == named(range(45))


def test_aborted_sessions_are_not_valued(
    bootstrap: str, topic: str, workers: Workers, transactions: Transactions
):
    transactions.begin(range(20))
    transactions.commit()
    transactions.begin(range(20, 40))
    transactions.abort()
    transactions.begin(range(40, 60))
    transactions.commit()
    if len(consume_all(bootstrap, topic, isolation_level="read_committed")) != 40:
        pytest.skip("Tansu hands out aborted records")
    worker = workers.start(topic, stall_seconds="3")
    wait_for_offset(workers.directory / "state" / topic / "0", 62, worker, 40)
    live_and_idle(worker)
    assert examples(workers, topic) == named([*range(20), *range(40, 60)])
    # An aborted transaction at the end, and nothing after it.
    transactions.begin(range(60, 70))
    transactions.abort()
    live_and_idle(worker)
    worker.stop()
    assert len(examples(workers, topic)) == 40


def test_an_open_transaction_is_neither_valued_nor_lag_nor_a_reason_to_restart(
    bootstrap: str, topic: str, workers: Workers, transactions: Transactions
):
    worker = workers.start(topic, stall_seconds="3")
    produce(bootstrap, topic, [session(number) for number in range(30)])
    wait_for_offset(workers.directory / "state" / topic / "0", 30, worker, 40)
    transactions.begin(range(30, 40))
    # What another producer sends meanwhile lies behind the open transaction, and waits with it.
    produce(bootstrap, topic, [session(number) for number in range(40, 50)])
    live_and_idle(worker)
    assert examples(workers, topic) == named(range(30))
    transactions.commit()
    wait_for_offset(workers.directory / "state" / topic / "0", 50, worker, 40)
    live_and_idle(worker)
    worker.stop()
    assert examples(workers, topic) == named(range(50))


def test_producers_choose_their_codecs(bootstrap: str, topic: str, workers: Workers):
    for place, codec in enumerate(CODECS):
        producer = KafkaProducer(bootstrap_servers=bootstrap, compression_type=codec)
        for number in range(20 * place, 20 * place + 20):
            key, value = session(number)
            producer.send(topic, key=key, value=value)
        producer.flush()
        producer.close()
    end = 20 * len(CODECS)
    worker = workers.start(topic)
    wait_for_offset(workers.directory / "state" / topic / "0", end, worker, 40)
    worker.stop()
    assert examples(workers, topic) == named(range(end))


def test_topics_choose_their_codecs(bootstrap: str, topic: str, workers: Workers):
    names = {codec: f"{topic}-{codec}" for codec in CODECS}
    for codec, name in names.items():
        config = {"compression.type": codec}
        create_topics(bootstrap, [Topic(name, 1, config=config), Topic(f"{name}.dlq", 1)])
        produce(bootstrap, name, [session(number) for number in range(60)])
    started = {name: workers.start(name) for name in names.values()}
    for name, worker in started.items():
        wait_for_offset(workers.directory / "state" / name / "0", 60, worker, 40)
        worker.stop()
        assert examples(workers, name) == named(range(60))


WITHOUT_CODECS = """
import sys
import aiokafka.codec
aiokafka.codec.cramjam = None
from hcdv_stream.cli.main import run
sys.argv = ["hcdv-stream", "worker"]
run()
"""


def test_a_batch_that_cannot_be_decoded_is_one_sentence(
    bootstrap: str, topic: str, workers: Workers
):
    produce(bootstrap, topic, [session(number) for number in range(10)])
    producer = KafkaProducer(bootstrap_servers=bootstrap, compression_type="zstd")
    for number in range(10, 20):
        key, value = session(number)
        producer.send(topic, key=key, value=value)
    producer.close()
    worker = workers.start(topic, program=("-c", WITHOUT_CODECS))
    assert worker.ends(40) == 1
    assert f"the batch at offset 10 of partition 0 of topic '{topic}' cannot be decoded" in (
        worker.said
    )
    assert "Traceback" not in worker.output
    assert examples(workers, topic) in ([], named(range(10)))


def test_a_compacted_topic_with_wide_gaps(
    bootstrap: str, workers: Workers, request: pytest.FixtureRequest
):
    if request.node.callspec.params["bootstrap"] == "tansu":
        pytest.skip("Tansu does not compact")
    name = f"{new_topic(bootstrap, 1)}-compacted"
    config = {
        "cleanup.policy": "compact",
        "segment.ms": "100",
        "min.cleanable.dirty.ratio": "0.01",
        "max.compaction.lag.ms": "100",
        "delete.retention.ms": "100",
    }
    create_topics(bootstrap, [Topic(name, 1, config=config), Topic(f"{name}.dlq", 1)])
    produce(bootstrap, name, [session(number) for number in range(50, 55)])
    for _ in range(20):
        produce(bootstrap, name, [session(number) for number in range(50)])
    produce(bootstrap, name, [session(number) for number in range(55, 60)])
    end = 5 + 20 * 50 + 5
    until(lambda: len(consume_all(bootstrap, name)) < 200, 90, "compaction")
    worker = workers.start(name, stall_seconds="3")
    wait_for_offset(workers.directory / "state" / name / "0", end, worker, 60)
    live_and_idle(worker)
    worker.stop()
    assert examples(workers, name) == named(range(60))
