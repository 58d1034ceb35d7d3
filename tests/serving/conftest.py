"""The three HTTP servers as processes of their own, each with 1,024 file descriptors."""

import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hcdv_stream.runtime.child_process import tethered
from tests.api.world import Owner
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

    process: subprocess.Popen[str]
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


@contextmanager
def started(arguments: list[str], log: Path, **environment: str) -> Iterator[Served]:
    """Start Python with arguments and wait until it says on which port it listens."""
    limited = ["sh", "-c", 'ulimit -n 1024; exec "$@"', "sh", sys.executable, *arguments]
    with (
        log.open("w") as out,
        subprocess.Popen(
            tethered(limited),
            stderr=out,
            stdin=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        ) as process,
    ):
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
            assert process.stdin
            process.stdin.close()


KINDS = ("worker", "api", "gateway")


@contextmanager
def running(kind: str, place: Path, *options: str, **environment: str) -> Iterator[Served]:
    """Run one of the three; the gateway with an API behind it."""
    with ExitStack() as stack:
        if kind == "worker":
            arguments = ["-c", _METRICS_SERVER]
            yield stack.enter_context(started(arguments, place / "worker.log", **environment))
            return
        owner = Owner(place / "state", 0)
        owner.apply(owner.batch(30))
        stack.callback(owner.store.close)
        arguments = ["-m", "hcdv_stream", "api", "--state-dir", str(place / "state"), "--port", "0"]
        own = list(options) if kind == "api" else []
        given = environment if kind == "api" else {}
        served = stack.enter_context(started([*arguments, *own], place / "api.log", **given))
        if kind == "gateway":
            behind = f"http://127.0.0.1:{served.port}"
            arguments = ["-m", "hcdv_stream", "gateway", "--sidecars", behind, "--port", "0"]
            arguments += ["--partitions", "1", *options]
            log = place / "gateway.log"
            served = stack.enter_context(started(arguments, log, **environment))
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
def many_descriptors() -> Iterator[None]:
    """Let the attacker hold more connections than the attacked can."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
