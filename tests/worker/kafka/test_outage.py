"""A real broker that goes and comes back under running workers, and one that only seems gone."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hcdv_stream.broker.embedded import free_port
from hcdv_stream.experiments.endurance.kafka_process import KafkaProcess
from hcdv_stream.experiments.endurance.proxy import FaultProxy
from tests.conftest import KAFKA_SCRIPT, new_topic
from tests.restartable_kafka import Kafka
from tests.worker.conftest import Workers
from tests.worker.harness import (
    PATIENCE,
    WorkerProcess,
    consume_all,
    ids_of,
    produce,
    session,
    stored,
    until,
    wait_for_offset,
)

pytestmark = [
    pytest.mark.broker,
    pytest.mark.slow,
    pytest.mark.skipif(not KAFKA_SCRIPT, reason="the embedded broker loses its log"),
]

OUTAGE_SECONDS = float(os.environ.get("HCDV_TEST_OUTAGE_SECONDS", "15"))


@pytest.fixture
def workers(bundle_directory: Path, kafka: Kafka, tmp_path: Path) -> Iterator[Workers]:
    (tmp_path / "workers").mkdir()
    started = Workers(bundle_directory, kafka.bootstrap, tmp_path / "workers")
    yield started
    started.kill()


def started(kafka: Kafka, workers: Workers, count: int) -> tuple[str, WorkerProcess]:
    """A topic with so many sessions, and a worker that has done them."""
    topic = new_topic(kafka.bootstrap, 1)
    produce(kafka.bootstrap, topic, [session(number) for number in range(count)])
    worker = workers.start(topic, stall_seconds="10")
    wait_for_offset(workers.directory / "state" / topic / "0", count, worker, 60)
    until(lambda: worker.get("/readyz")[0] == 200, 30)
    return topic, worker


def lives(worker: WorkerProcess, seconds: float) -> None:
    """Liveness never fails for so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert worker.get("/livez") == (200, "ok\n")
        time.sleep(0.5)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_worker_lives_through_an_outage_and_says_so_once(
    number: int, kafka: Kafka, workers: Workers
):
    topic, worker = started(kafka, workers, 100)
    before = len(worker.output.splitlines())
    kafka.end(number)
    lives(worker, OUTAGE_SECONDS)
    status, why = worker.get("/readyz")
    assert status == 503
    assert why.startswith("the broker has not answered for ")
    assert worker.metric("hcdv_broker_silence_seconds") > 10

    kafka.start()
    until(lambda: worker.get("/readyz")[0] == 200, 60, worker.output)
    assert worker.get("/livez") == (200, "ok\n")
    produce(kafka.bootstrap, topic, [session(number) for number in range(100, 150)])
    path = workers.directory / "state" / topic / "0"
    wait_for_offset(path, 150, worker, 60)
    until(lambda: worker.metric("hcdv_consumer_lag_records") == 0, 30)
    lines = worker.output.splitlines()[before:]
    assert len(lines) < 30, worker.output
    (gone,) = worker.events("broker does not answer")
    (back,) = worker.events("broker is back")
    assert gone["bootstrap"] == back["bootstrap"] == kafka.bootstrap
    assert back["seconds"] >= OUTAGE_SECONDS
    assert back["held_back"] > 0
    worker.stop()
    partition = stored(path)
    assert partition is not None
    assert sorted(ids_of([partition])) == [f"s{number:06d}" for number in range(150)]
    assert "Traceback" not in worker.output


def test_a_broker_that_hangs_is_gone_too(kafka: Kafka, workers: Workers):
    _, worker = started(kafka, workers, 10)
    kafka.send_signal(signal.SIGSTOP)
    lives(worker, OUTAGE_SECONDS)
    until(lambda: worker.get("/readyz")[1].startswith("the broker has not answered for "), 30)
    kafka.send_signal(signal.SIGCONT)
    until(lambda: worker.get("/readyz")[0] == 200, 90, worker.output)
    assert len(worker.events("broker does not answer")) == 1
    assert len(worker.events("broker is back")) == 1
    worker.stop()


def test_a_worker_stops_when_asked_to_without_its_broker(kafka: Kafka, workers: Workers):
    _, worker = started(kafka, workers, 10)
    kafka.end(signal.SIGKILL)
    worker.wait_for("broker does not answer")
    worker.stop()
    assert "Traceback" not in worker.output


SHORT = (
    "-c",
    "from hcdv_stream.worker import app; app.PRODUCER_SECONDS = 2.0; "
    "from hcdv_stream.cli.main import run; import sys; sys.argv[1:] = ['worker']; run()",
)
"""A worker whose tries to send a dead letter take two seconds each."""


def without_dead_letters(
    kafka: Kafka, workers: Workers, *earlier: tuple[bytes, bytes]
) -> tuple[str, WorkerProcess, Path]:
    """A worker that is to send a letter while its broker is gone, after it did so many records."""
    topic = new_topic(kafka.bootstrap, 1)
    produce(kafka.bootstrap, topic, [*earlier, session(1)])
    worker = workers.start(topic, program=SHORT, poll_seconds="3")
    path = workers.directory / "state" / topic / "0"
    wait_for_offset(path, len(earlier) + 1, worker, 60)
    # It waits for a poll to fill up when the broker goes, and has the letter in hand then.
    produce(kafka.bootstrap, topic, [(b"bad", b"poison"), (b"worse", b"{}"), session(2)])
    until(lambda: worker.metric("hcdv_consumer_lag_records") > 0, 30, worker.output)
    kafka.end(signal.SIGKILL)
    worker.wait_for("broker does not answer")
    return topic, worker, path


@pytest.mark.parametrize("earlier", [(), ((b"first", b"poison"),)], ids=["first", "later"])
def test_a_letter_in_hand_waits_for_the_broker(
    earlier: tuple[tuple[bytes, bytes]], kafka: Kafka, workers: Workers
):
    topic, worker, path = without_dead_letters(kafka, workers, *earlier)
    before = len(worker.output.splitlines())
    lives(worker, OUTAGE_SECONDS)
    assert len(worker.output.splitlines()) - before < 30, worker.output
    partition = stored(path)
    assert partition is not None
    assert partition.position.next_offset == len(earlier) + 1, "nothing is stored before its letter"
    kafka.start()
    wait_for_offset(path, len(earlier) + 4, worker, 60)
    keys = [letter.key.decode() for letter in consume_all(kafka.bootstrap, f"{topic}.dlq")]
    offsets = [*range(len(earlier)), len(earlier) + 1, len(earlier) + 2]
    assert keys == [f"{topic}/0/{offset}" for offset in offsets], "each once, in order"
    worker.stop()
    assert "Traceback" not in worker.output


def test_a_worker_stops_with_a_letter_in_hand_without_its_broker(kafka: Kafka, workers: Workers):
    topic, worker, path = without_dead_letters(kafka, workers)
    lives(worker, 6)
    assert worker.stop() < 20 * PATIENCE
    assert "Traceback" not in worker.output
    kafka.start()
    wait_for_offset(path, 4, workers.start(topic), 60)
    assert len(consume_all(kafka.bootstrap, f"{topic}.dlq")) == 2


def test_a_half_open_connection_is_dropped_by_the_worker_itself(
    tmp_path: Path, bundle_directory: Path
):
    """Well before liveness would restart it: the process goes on, and so do its records."""
    with (
        FaultProxy(free_port()) as proxy,
        KafkaProcess(Path(KAFKA_SCRIPT), tmp_path / "kafka", proxy.port) as kafka,
    ):
        proxy.target = kafka.inner_port
        workers = Workers(bundle_directory, kafka.proxied, tmp_path)
        try:
            topic = new_topic(kafka.bootstrap, 1)
            produce(kafka.bootstrap, topic, [session(number) for number in range(50)])
            worker = workers.start(topic, session_timeout_seconds="20")
            path = workers.directory / "state" / topic / "0"
            wait_for_offset(path, 50, worker, 60)
            until(lambda: worker.get("/readyz")[0] == 200, 30)
            assert proxy.half_open() > 0
            lives(worker, 3)
            proxy.heal()
            produce(kafka.bootstrap, topic, [(b"bad", b"poison"), session(50)])
            begin = time.monotonic()
            wait_for_offset(path, 52, worker, 60)
            assert time.monotonic() - begin < 30
            assert worker.events("connection to the broker is silent: dropped")
            worker.stop()
            assert len(consume_all(kafka.bootstrap, f"{topic}.dlq")) == 1
        finally:
            workers.kill()
