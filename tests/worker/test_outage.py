"""A real broker that goes and comes back under running workers, and one that only seems gone."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import KAFKA_SCRIPT, new_topic
from tests.restartable_kafka import Kafka
from tests.worker.conftest import Workers
from tests.worker.harness import (
    WorkerProcess,
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
def kafka(tmp_path: Path) -> Iterator[Kafka]:
    broker = Kafka(tmp_path / "kafka")
    broker.start()
    yield broker
    broker.end(signal.SIGKILL)


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
