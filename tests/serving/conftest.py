"""The three HTTP servers as processes of their own, each with 1,024 file descriptors."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hcdv_stream.runtime.child_process import tethered
from tests.api.world import Owner
from tests.processes.service_process import ServiceProcess
from tests.serving.attacks import get

_METRICS_SERVER = """
import sys, time
from prometheus_client import CollectorRegistry
from hcdv_stream.runtime.logs import configure_logging
from hcdv_stream.worker.supervision.health import WorkerHealth
from hcdv_stream.worker.metrics.definitions import WorkerMetrics
from hcdv_stream.worker.supervision.server import MetricsServer

configure_logging("INFO", "text")
registry, health = CollectorRegistry(), WorkerHealth(3600.0, time.monotonic)
metrics = WorkerMetrics(registry)
with MetricsServer("127.0.0.1", 0, registry, health, metrics.connections) as server:
    print(f"listening port={server.port}", file=sys.stderr, flush=True)
    sys.stdin.read()
"""


@dataclass
class Served:
    """A process, its port, its log, and its memory when it had answered one request."""

    process: subprocess.Popen[str] | ServiceProcess
    port: int
    log: Path
    idle_memory: int = 0

    @property
    def memory(self) -> int:
        """Resident bytes."""
        text = (Path("/proc") / str(self.process.pid) / "status").read_text()
        found = re.search(r"VmRSS:\s+(\d+)", text)
        assert found
        return int(found[1]) * 1024

    @property
    def descriptors(self) -> int:
        return len(list((Path("/proc") / str(self.process.pid) / "fd").iterdir()))


DESCRIPTORS = 1024


@contextmanager
def listening(process: subprocess.Popen[str] | ServiceProcess, log: Path) -> Iterator[Served]:
    """Wait until a process says on which port it listens; kill it in the end."""
    try:
        found = None
        while not found:
            assert process.poll() is None, log.read_text()
            time.sleep(0.02)
            found = re.search(r"listening.* port=(\d+)", log.read_text())
        served = Served(process, int(found[1]), log)
        get(served.port, "/metrics")
        served.idle_memory = served.memory
        yield served
    finally:
        process.kill()
        process.wait()


@contextmanager
def metrics_server(log: Path, environment: Mapping[str, str]) -> Iterator[Served]:
    """Run the worker's server alone."""
    limited = ["sh", "-c", f'ulimit -n {DESCRIPTORS}; exec "$@"', "sh", sys.executable]
    with (
        log.open("w") as out,
        subprocess.Popen(
            tethered([*limited, "-c", _METRICS_SERVER]),
            stderr=out,
            stdin=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        ) as process,
        listening(process, log) as served,
    ):
        yield served


@contextmanager
def service(log: Path, environment: Mapping[str, str], *arguments: str) -> Iterator[Served]:
    """Run an API or a gateway."""
    with log.open("w") as out:
        process = ServiceProcess(
            [*arguments, "--port", "0"],
            os.environ | environment,
            stderr=out.fileno(),
            descriptors=DESCRIPTORS,
        )
    with listening(process, log) as served:
        yield served


KINDS = ("worker", "api", "gateway")


@contextmanager
def running(kind: str, place: Path, *options: str, **environment: str) -> Iterator[Served]:
    """Run one of the three; the gateway with an API behind it."""
    with ExitStack() as stack:
        if kind == "worker":
            yield stack.enter_context(metrics_server(place / "worker.log", environment))
            return
        owner = Owner(place / "state", 0)
        owner.apply(owner.batch(30))
        stack.callback(owner.store.close)
        arguments = ["api", "--state-dir", str(place / "state")]
        own = list(options) if kind == "api" else []
        given = environment if kind == "api" else {}
        served = stack.enter_context(service(place / "api.log", given, *arguments, *own))
        if kind == "gateway":
            behind = f"http://127.0.0.1:{served.port}"
            arguments = ["gateway", "--sidecars", behind, "--partitions", "1", *options]
            log = place / "gateway.log"
            served = stack.enter_context(service(log, environment, *arguments))
        yield served


@pytest.fixture(scope="package", params=KINDS)
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """One process of each kind for all the tests that must leave it as they found it."""
    with running(request.param, tmp_path_factory.mktemp("shared")) as served:
        yield served


@pytest.fixture
def served(shared: Served) -> Iterator[Served]:
    """The shared process; afterwards it must still answer, and hold no connections."""
    before = shared.descriptors
    yield shared
    deadline = time.monotonic() + 60
    while shared.descriptors > before + 8:
        assert time.monotonic() < deadline, "connections are left open"
        time.sleep(0.02)
    assert shared.process.poll() is None
    assert get(shared.port, "/livez")[0] == 200


@pytest.fixture(autouse=True)
def every_attacker(many_descriptors: None) -> None:
    """Let the attacker hold more connections than the attacked can."""
