"""What the deployment's files name runs: it starts, is healthy, values sessions, shows on boards.

First the compose file, with its simulator, under Prometheus and its rules; then, one after the
other on the same state, the containers of the Kubernetes files and the systemd units.
"""

import math
import os
import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest

from hcdv_stream.broker.embedded import EmbeddedBroker
from hcdv_stream.dashboards.alerts import ALERTS
from hcdv_stream.dashboards.exported import exported
from hcdv_stream.dashboards.recordings import RECORDINGS
from hcdv_stream.dashboards.rules import Alert
from tests.dashboards.committed import COMMITTED, Target, substituted, targets, variables
from tests.deploy import compose, kubernetes, panels_page, systemd
from tests.deploy.programs import program
from tests.deploy.service import Service
from tests.deploy.stack import Stack
from tests.worker.harness import produce, until

pytestmark = [pytest.mark.broker, pytest.mark.slow]

KAFKA_SCRIPT = os.environ.get("HCDV_TEST_KAFKA", "")
PATIENCE = 60.0
SERVED = ("worker", "worker-2", "api", "api-2", "gateway")
"""The compose file's services that are asked something."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A broker, a real Kafka as the compose file configures it where there is one; Prometheus."""
    with EmbeddedBroker() as broker, Stack(tmp_path_factory.mktemp("stack")) as started:
        if KAFKA_SCRIPT:
            started.start_kafka(str(Path(KAFKA_SCRIPT).resolve()))
        else:
            started.bootstrap = broker.bootstrap
        started.start_prometheus()
        yield started


@pytest.fixture(scope="module")
def streaming(stack: Stack) -> Stack:
    """Every service of ours in the compose file, in its order; and some poison among sessions."""
    for name in ("api", "api-2", "gateway"):
        stack.start(name, compose.service(name))
    for name in ("history", "bundle", "topics"):
        stack.run(name, compose.service(name))
    for name in ("worker", "worker-2"):
        stack.start(name, compose.service(name))
    for name in SERVED:
        until(lambda name=name: stack.health_check(name), PATIENCE, f"health of {name}")
    stack.start("sessions", compose.service("sessions"))
    return stack


def examples(stack: Stack, name: str) -> int:
    return int(stack.get(name, "/v1/summary")["examples"])


def served_by(stack: Stack, name: str) -> set[int]:
    """The partitions that an API answers for."""
    return {part["partition"] for part in stack.get(name, "/v1/summary")["partitions"]}


def shares(stack: Stack) -> list[set[int]]:
    """The partitions of each API."""
    return [served_by(stack, name) for name in ("api", "api-2")]


def test_the_gateway_answers_what_two_workers_valued(streaming: Stack) -> None:
    until(lambda: sum(streaming.query("sum(hcdv_examples)")) >= 150, PATIENCE, "150 examples")
    missing = "hcdv_gateway_partitions_missing"
    until(lambda: streaming.query(missing) == [0], PATIENCE, "an API for every partition")
    up = "hcdv_gateway_sidecar_up"
    until(lambda: streaming.query(up) == [1, 1], PATIENCE, "both APIs behind the gateway")
    summary = streaming.get("gateway", "/v1/summary")
    assert summary["missing_partitions"] == []
    assert [part["partition"] for part in summary["partitions"]] == [0, 1, 2, 3]
    # A partition that moved while the second worker joined is with both, further with one of them.
    until(lambda: all(shares(streaming)), PATIENCE, "partitions at both APIs")
    assert set.union(*shares(streaming)) == {0, 1, 2, 3}
    (best,) = streaming.get("gateway", "/v1/examples", limit="1")["examples"]
    assert streaming.get("gateway", f"/v1/examples/{quote(best['id'])}")["id"] == best["id"]


def read(stack: Stack) -> None:
    """Be a reader: shares of failed requests are of theirs."""
    for name in ("api", "gateway"):
        stack.get(name, "/v1/summary")
        (best,) = stack.get(name, "/v1/examples", limit="1")["examples"]
        stack.get(name, f"/v1/examples/{quote(best['id'])}")


def waiting_for(
    stack: Stack, expressions: dict[str, str], between: Callable[[], object] = bool
) -> dict[str, panels_page.Answer]:
    """What each expression returns once all of its series are there; fails on one without any."""
    answers: dict[str, panels_page.Answer] = {}
    deadline = time.monotonic() + 4 * PATIENCE
    while True:
        for name, expression in expressions.items():
            got = stack.ask(expression)
            if any(math.isfinite(value) for _, value in got):
                answers[name] = got
        if answers.keys() == expressions.keys():
            return answers
        assert time.monotonic() < deadline, expressions.keys() - answers.keys()
        between()
        time.sleep(0.5)


def test_every_expression_of_every_panel_returns_a_series(
    streaming: Stack, request: pytest.FixtureRequest
) -> None:
    asked: dict[str, Target] = {target.name: target for target in targets()}
    expressions = {
        name: substituted(target.expression, window="5s", span="30s")
        for name, target in asked.items()
    }

    def poison() -> None:
        produce(streaming.bootstrap, "sessions", [(b"p", b"no session")])
        read(streaming)

    answers = waiting_for(streaming, expressions, poison)
    if page := request.config.getoption("--panels"):
        poison()
        time.sleep(3)  # for the letter to be counted inside a rate's window
        answers = waiting_for(streaming, expressions, poison)
        panels_page.write(Path(page), [(asked[name], answers[name]) for name in asked])


@pytest.mark.parametrize("board", COMMITTED)
def test_every_choice_of_a_board_offers_every_job(streaming: Stack, board: str) -> None:
    offered = {}
    for name in ("job", "instance"):
        query = substituted(variables(board)[name]["query"]["query"])
        (series,) = re.findall(r"label_values\((.+), \w+\)", query)
        path = f"/api/v1/label/{quote(name)}/values"
        offered[name] = streaming.get("prometheus", path, **{"match[]": series})["data"]
    assert offered["job"] == ["hcdv-api", "hcdv-gateway", "hcdv-worker"]
    assert len(offered["instance"]) == len(SERVED)


def test_every_rule_and_every_measure_of_an_alert_returns_a_series(streaming: Stack) -> None:
    alerts = [rule for group in ALERTS for rule in group.rules if isinstance(rule, Alert)]
    measures = [rule.name for rule in RECORDINGS.rules]
    measures += [measure for alert in alerts for measure in alert.measures]
    waiting_for(streaming, {measure: measure for measure in measures}, lambda: read(streaming))
    groups = streaming.get("prometheus", "/api/v1/rules")["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) == len(RECORDINGS.rules) + len(alerts)
    assert {(rule["health"], rule.get("lastError", "")) for rule in rules} == {("ok", "")}
    firing = {one["labels"]["alertname"] for rule in rules for one in rule.get("alerts", [])}
    # Poison is sent on purpose, and a machine that is busy with other tests may be slow.
    slow = {"UpdateLatencySLO", "PointReadsSLO", "StaleValues"}
    assert firing <= {"DeadLetters"} | slow


@pytest.mark.parametrize("name", ["worker", "api", "gateway"])
def test_promtool_likes_the_metrics_and_all_are_in_the_reference(
    streaming: Stack, name: str
) -> None:
    text = streaming.read(name, "/metrics")
    checked = subprocess.run(
        [program("promtool"), "check", "metrics"], input=text, capture_output=True, check=False
    )
    assert checked.returncode == 0, (checked.stdout + checked.stderr).decode()
    series = {name for metric in exported() for name in metric.series}
    live = set(re.findall(r"^(hcdv_\w+)", text.decode(), re.MULTILINE))
    # A counter's time of creation comes beside it where OpenMetrics is not spoken.
    assert {name for name in live if not name.endswith("_created")} <= series


@pytest.fixture(scope="module")
def handed_over(streaming: Stack) -> Stack:
    """The compose file's services, stopped as Docker stops them: well, and in time."""
    for name in ("sessions", *SERVED):
        process = streaming.running.pop(name)
        begin = time.monotonic()
        assert process.stop() == 0 or name == "sessions", process.log.read_text()
        assert time.monotonic() - begin < compose.service(name).stop_seconds / 2
    return streaming


def served(
    stack: Stack, services: Mapping[str, Service], variables: Mapping[str, dict[str, str]]
) -> None:
    """Start services, ask their probes and how much they value, and stop them in time."""
    for name, service in services.items():
        stack.start(name, service, **variables.get(name, {}))
    for name, service in services.items():
        for path in dict.fromkeys(service.probes or ["/readyz"]):
            about = f"{name} {path}"
            until(lambda name=name, path=path: stack.passes(name, path), PATIENCE, about)
    until(
        lambda: examples(stack, "gateway") == examples(stack, "api") > 0,
        PATIENCE,
        "the same examples",
    )
    for name, service in services.items():
        stack.stop(name, service)


def test_the_containers_of_kubernetes_go_on_with_the_state(handed_over: Stack) -> None:
    handed_over.run("topics", kubernetes.service("topics"))
    services = {name: kubernetes.service(name) for name in ("worker", "api", "gateway")}
    assert all({"/livez", "/readyz"} <= set(one.probes) for one in services.values())
    served(handed_over, services, {})


def test_the_units_of_systemd_go_on_with_the_state(handed_over: Stack) -> None:
    services = {
        "worker": systemd.service("hcdv-worker@.service", str(handed_over.ports["worker"])),
        "api": systemd.service("hcdv-api.service"),
        "gateway": systemd.service("hcdv-gateway.service"),
    }
    addresses = {name: handed_over.directory / f"{name}.notify" for name in services}
    with ExitStack() as exits:
        heard = {name: exits.enter_context(_heard(path)) for name, path in addresses.items()}
        sockets = {name: {"NOTIFY_SOCKET": str(path)} for name, path in addresses.items()}
        served(handed_over, services, sockets)
        for said in heard.values():
            until(lambda said=said: said[-1:] == [b"STOPPING=1"], PATIENCE, said)
            assert said[0] == b"READY=1"
            assert set(said[1:-1]) == {b"WATCHDOG=1"}


@contextmanager
def _heard(path: Path) -> Iterator[list[bytes]]:
    """What is sent to a socket, read by a thread while it comes: its queue is short."""
    heard: list[bytes] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))

        def read() -> None:
            for message in iter(partial(listener.recv, 64), b"end"):
                heard.append(message)

        reader = threading.Thread(target=read)
        reader.start()
        try:
            yield heard
        finally:
            _end(path)
            reader.join()


def _end(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"end", str(path))
