"""Workers, APIs and a gateway as processes: what they say when a worker or the broker is gone."""

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from hcdv_stream.broker.embedded import accepts_connections, free_port
from hcdv_stream.runtime.child_process import tethered
from tests.conftest import KAFKA_SCRIPT, new_topic
from tests.processes.service_process import serving
from tests.worker.conftest import Workers
from tests.worker.harness import produce, session, until, wait_for_offset

STALE = 6.0
"""Seconds of silence after which the APIs here call a partition stale."""


@contextmanager
def client_of(kind: str, topic: str, **settings: str) -> Iterator[httpx.Client]:
    """Run an API or a gateway as a process; yields a client of it."""
    settings |= {"topic": topic, "api_stale_seconds": str(STALE)}
    with (
        serving(kind, **settings) as (_, address),
        httpx.Client(base_url=address, timeout=30) as client,
    ):
        yield client


def api(directory: Path, topic: str, name: str) -> Any:
    return client_of("api", topic, state_dir=str(directory / name))


def summary(client: httpx.Client, **asked: Any) -> dict[str, Any]:
    return dict(client.get("/v1/summary", params=asked).json())


def current(client: httpx.Client, examples: int, complete: str = "true") -> bool:
    """Whether an API has so many examples, knows that nothing waits, and vouches for it."""
    answer = client.get(f"/v1/summary?max_lag=0&max_age=30&complete={complete}")
    return answer.status_code == 200 and answer.json()["examples"] == examples


def gauge(client: httpx.Client, name: str) -> list[float]:
    families = text_string_to_metric_families(client.get("/metrics").text)
    return [one.value for family in families for one in family.samples if one.name == name]


def check_nothing_is_vouched_for(client: httpx.Client, reason: str) -> None:
    """Every demand is refused, and every place agrees."""
    first = summary(client)["as_of"]
    assert first["lag"] is None
    for demand in ("max_lag=0", "max_lag=100000", "complete=true", "max_lag=0&complete=true"):
        refused = client.get(f"/v1/payouts?amount=5&{demand}")
        assert refused.status_code == 503, demand
        assert refused.headers["retry-after"] == "1"
        assert re.search(r"partition \d+ may be behind: .*" + reason, refused.json()["detail"])
    assert client.get("/v1/summary", params={"max_age": 1}).status_code == 503
    until(lambda: client.get("/readyz").status_code == 503, 30, "readiness")
    assert re.search(reason, client.get("/readyz?verbose").json()["detail"])
    told = summary(client)
    assert told["stale_partitions"]
    assert told["as_of"]["age_seconds"] > first["age_seconds"]
    assert gauge(client, "hcdv_api_stale_partitions") == [len(told["stale_partitions"])]
    assert gauge(client, "hcdv_api_lag_records") == []
    assert min(gauge(client, "hcdv_api_age_seconds")) > STALE / 3


@pytest.mark.slow
def test_a_killed_worker_leaves_nobody_who_knows(bootstrap: str, topic: str, workers: Workers):
    produce(bootstrap, topic, [session(number) for number in range(300)])
    worker = workers.start(topic)
    wait_for_offset(workers.directory / "state" / topic / "0", 300, worker, 60)
    with api(workers.directory, topic, "state") as client:
        until(lambda: current(client, 300), 60, "currency")
        worker.kill()
        produce(bootstrap, topic, [session(number) for number in range(300, 1557)])
        until(lambda: summary(client)["as_of"]["lag"] is None, 60, "an unknown lag")
        check_nothing_is_vouched_for(client, "(wrote its last heartbeat|the broker last answered)")
        detail = client.get("/readyz?verbose").json()["detail"]
        assert f"its worker (process {worker.process.pid}) wrote its last heartbeat" in detail
        with client.stream("GET", "/v1/events") as stream:
            lines = stream.iter_lines()
            data = next(line for line in lines if line.startswith("data: "))
            assert '"lag":null' in data
            # The successor catches up, which is told as it comes about.
            workers.start(topic)
            for line in lines:
                if line.startswith("data: ") and '"lag":0,' in line:
                    break
        until(lambda: current(client, 1557), 60, "currency")
        assert client.get("/readyz").status_code == 200


@pytest.mark.slow
@pytest.mark.skipif(not KAFKA_SCRIPT, reason="stops a broker that keeps its log")
def test_a_broker_that_is_gone_leaves_nobody_who_knows(bundle_directory: Path, tmp_path: Path):
    port, data = free_port(), tmp_path / "kafka"
    command = tethered([str(Path(KAFKA_SCRIPT).resolve()), "start", str(port), str(data)])
    with ExitStack() as after:

        def start_broker() -> subprocess.Popen[bytes]:
            broker = subprocess.Popen(command, start_new_session=True)
            after.callback(broker.wait)
            after.callback(broker.kill)
            until(lambda: accepts_connections(port), 60, "Kafka")
            return broker

        broker, bootstrap = start_broker(), f"127.0.0.1:{port}"
        topic = new_topic(bootstrap, 1)
        workers = Workers(bundle_directory, bootstrap, tmp_path)
        after.callback(workers.kill)
        produce(bootstrap, topic, [session(number) for number in range(300)])
        worker = workers.start(topic)
        wait_for_offset(tmp_path / "state" / topic / "0", 300, worker, 60)
        client = after.enter_context(api(tmp_path, topic, "state"))
        until(lambda: current(client, 300), 60, "currency")
        broker.send_signal(signal.SIGTERM)
        broker.wait(60)
        until(lambda: summary(client)["as_of"]["lag"] is None, 60, "an unknown lag")
        reason = "the broker last answered|let it go|wrote its last heartbeat"
        check_nothing_is_vouched_for(client, f"({reason})")
        assert summary(client)["examples"] == 300
        start_broker()
        if worker.process.poll() is not None:
            workers.start(topic)
        until(lambda: current(client, 300), 120, "currency")


@pytest.mark.slow
def test_a_partition_that_was_handed_over(bootstrap: str, wide_topic: str, workers: Workers):
    topic, directory = wide_topic, workers.directory
    log = [session(number) for number in range(800)]
    produce(bootstrap, topic, log)
    first = workers.start(topic, state="one")
    with ExitStack() as after:
        one = after.enter_context(api(directory, topic, "one"))
        until(lambda: current(one, 800), 90, "currency")

        # A second worker gets half of the partitions, on a machine of its own.
        second = workers.start(topic, state="two")
        two = after.enter_context(api(directory, topic, "two"))
        until(lambda: len(summary(one).get("left_out", ())) == 2, 90, "left out")
        told = summary(one)
        gone = [part["partition"] for part in told["left_out"]]
        kept = [part["partition"] for part in told["partitions"]]
        assert sorted(gone + kept) == [0, 1, 2, 3]
        assert all(part["stale"] for part in told["left_out"])
        left = sum(part["examples"] for part in told["partitions"])
        assert told["examples"] == one.get("/v1/examples").json()["total"] == left < 800
        until(lambda: current(two, 800 - left, "false"), 90, "currency")
        until(lambda: current(one, left, "false"), 90, "currency")
        more = [session(number) for number in range(800, 1000)]
        produce(bootstrap, topic, more)

        sidecars = ",".join(str(each.base_url).rstrip("/") for each in (one, two))
        settings = {"gateway_sidecars": sidecars, "partitions": "4"}
        gateway = after.enter_context(client_of("gateway", topic, **settings))
        until(lambda: current(gateway, 1000), 90, "currency")
        whole = summary(gateway)
        assert whole["stale_partitions"] == whole["missing_partitions"] == []
        offsets = whole["as_of"]["offsets"]
        assert sum(offsets.values()) == 1000
        assert {str(number): offsets[str(number)] for number in gone} == summary(two)["as_of"][
            "offsets"
        ], "the owner answers, not the copy"

        # The second dies for good: the first gets everything back, and serves it at once.
        second.kill()
        until(lambda: current(one, 1000), 120, "currency")
        assert summary(one)["left_out"] == []
        until(lambda: current(gateway, 1000), 60, "currency")

        # Its stale copies are all that is left when the first is gone too.
        first.kill()
        until(lambda: summary(gateway)["stale_partitions"] == [0, 1, 2, 3], 60, "stale")
        assert gateway.get("/v1/payouts?amount=5&complete=true").status_code == 503
        until(lambda: gateway.get("/readyz").status_code == 503, 30, "readiness")
