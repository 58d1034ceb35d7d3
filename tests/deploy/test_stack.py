"""The compose file's services run: they start, are healthy, value sessions, show on the board."""

import itertools
import math
import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from hcdv_stream.broker.embedded import EmbeddedBroker
from tests.dashboards.committed import VARIABLES, substituted, targets
from tests.deploy.compose import SERVICES
from tests.deploy.stack import Stack
from tests.worker.harness import produce, session, until

pytestmark = pytest.mark.broker

KAFKA_SCRIPT = os.environ.get("HCDV_TEST_KAFKA", "")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything up: on a real Kafka as the file configures it where there is one, else Tansu."""
    with EmbeddedBroker() as broker, Stack(tmp_path_factory.mktemp("stack")) as started:
        if KAFKA_SCRIPT:
            started.start_kafka(str(Path(KAFKA_SCRIPT).resolve()))
        else:
            started.bootstrap = broker.bootstrap
        started.start_prometheus()
        started.start("api")
        topics = started.start("topics")
        assert topics.process.wait(30) == 0, topics.log.read_text()
        started.start("worker")
        yield started


@pytest.fixture(scope="module")
def streaming(stack: Stack) -> Iterator[Stack]:
    """Sessions arrive while the test looks, some of them poison."""
    stopping = threading.Event()

    def stream() -> None:
        for batch in itertools.count():
            numbers = range(batch * 150, batch * 150 + 150)
            poison = [(f"p{batch}".encode(), b"no session")]
            produce(stack.bootstrap, "sessions", [*map(session, numbers), *poison])
            if stopping.wait(0.5):
                return

    thread = threading.Thread(target=stream)
    thread.start()
    yield stack
    stopping.set()
    thread.join()


def test_health_checks_succeed(stack: Stack) -> None:
    for service in ("worker", "api"):
        until(lambda service=service: stack.probe(service), 20, f"health of {service}")


def test_the_api_answers_what_the_worker_valued(streaming: Stack) -> None:
    def valued() -> int:
        return int(streaming.query("sum(hcdv_api_points)")[0])

    until(lambda: streaming.query("sum(hcdv_api_points)") and valued() >= 300, 30, "300 points")
    assert streaming.get("api", "/v1/points/s000000")["id"] == "s000000"


def test_every_expression_of_the_board_returns_a_series(streaming: Stack) -> None:
    waiting = {
        name: substituted(target["expr"], window="5s", span="30s")
        for name, target in targets().items()
    }

    def unanswered() -> list[str]:
        for name in list(waiting):
            if any(map(math.isfinite, streaming.query(waiting[name]))):
                del waiting[name]
        return list(waiting)

    deadline = time.monotonic() + 25
    while unanswered() and time.monotonic() < deadline:
        time.sleep(0.5)
    assert not waiting


def test_the_boards_choices_are_both_jobs(streaming: Stack) -> None:
    offered = {}
    for name in ("job", "instance"):
        query = substituted(VARIABLES[name]["query"]["query"])
        (series,) = re.findall(r"label_values\((.+), \w+\)", query)
        path = f"/api/v1/label/{quote(name)}/values"
        offered[name] = streaming.get("prometheus", path, **{"match[]": series})["data"]
    assert offered["job"] == ["hcdv-api", "hcdv-worker"]
    assert len(offered["instance"]) == 2


def test_they_stop_when_asked_and_in_time(stack: Stack) -> None:
    for service in ("worker", "api"):
        process = stack.running[service]
        begin = time.monotonic()
        assert process.stop() == 0, process.log.read_text()
        grace = SERVICES[service].get("stop_grace_period", "10s")
        assert time.monotonic() - begin < float(grace.removesuffix("s")) / 2
