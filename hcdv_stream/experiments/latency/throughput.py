"""Sustained sessions per second of the real worker, beside an agent that only decodes and acks.

Both read the same backlog from the same broker with the same Faust settings, one after the other,
each as a process of its own. When the worker is through, its resident memory is what a worker needs
for that many examples.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from hcdv_stream.broker.embedded import EmbeddedBroker, free_port
from hcdv_stream.broker.topics import create_topics, session_topics
from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.errors import HcdvError
from hcdv_stream.experiments.common.feed import endless_messages
from hcdv_stream.runtime.child_process import tethered
from hcdv_stream.settings import load_settings
from hcdv_stream.simulators.publishing import Publisher

_RECORDS = re.compile(rb"^hcdv_records_total\{[^}]*\} (\S+)$", re.MULTILINE)
LOOK_SECONDS = 0.1
_STALL_SECONDS = 120.0
_STOP_SECONDS = 30.0


class ThroughputError(HcdvError):
    """A process that ended or stood still in the middle: says what it wrote last."""


@dataclass(frozen=True, slots=True)
class Sustained:
    """From the first records seen to have taken effect to the last: how many, in which time."""

    records: int
    seconds: float
    resident_bytes: int
    peak_bytes: int

    def to_json(self) -> dict[str, Any]:
        """Return the figures and the rate."""
        return {
            "records": self.records,
            "seconds": self.seconds,
            "records_per_second": self.records / self.seconds,
            "resident_bytes": self.resident_bytes,
            "peak_bytes": self.peak_bytes,
        }


def measure_throughput(
    bundle: Bundle, sessions: int, look_seconds: float = LOOK_SECONDS
) -> dict[str, Any]:
    """Send ``sessions`` to an embedded broker, then let both work them off, the agent first.

    Both are asked every ``look_seconds`` how far they are.
    """
    with tempfile.TemporaryDirectory() as place, EmbeddedBroker() as broker:
        bundle.save(Path(place) / "bundle")
        settings = load_settings(bootstrap=broker.bootstrap)
        create_topics(broker.bootstrap, session_topics(settings))
        with Publisher(broker.bootstrap, settings.topic) as publisher:
            for message in islice(endless_messages(0), sessions):
                publisher.send(message)
        common = {
            "HCDV_BOOTSTRAP": broker.bootstrap,
            "HCDV_BUNDLE": f"{place}/bundle",
            "HCDV_STATE_DIR": f"{place}/state",
        }
        bare = _work_off(
            ["hcdv_stream.experiments.latency.bare_agent"],
            common | {"HCDV_GROUP": "bare"},
            sessions,
            place,
            look_seconds,
        )
        worker = _work_off(["hcdv_stream", "worker"], common, sessions, place, look_seconds)
    return {
        "sessions": sessions,
        "partitions": settings.partitions,
        "bare_agent": bare.to_json(),
        "worker": worker.to_json(),
        "ratio": (worker.records / worker.seconds) / (bare.records / bare.seconds),
    }


def _work_off(
    module: Sequence[str],
    environment: Mapping[str, str],
    sessions: int,
    place: str,
    look_seconds: float,
) -> Sustained:
    port = free_port()
    settings = {**environment, "HCDV_METRICS_PORT": str(port)}
    log = Path(place) / "log"
    with _process([sys.executable, "-m", *module], settings, log) as process:
        first: tuple[float, int] | None = None
        moved, seen = time.monotonic(), 0
        while seen < sessions:
            time.sleep(look_seconds)
            count, now = _count(port), time.monotonic()
            if count > seen:
                moved, seen = now, count
                first = first or (now, count)
            elif process.poll() is not None or now - moved > _STALL_SECONDS:
                said = log.read_text(errors="replace")[-2000:]
                raise ThroughputError(f"{' '.join(module)} stood still at {seen} records: {said}")
        if first is None or first[1] >= sessions:
            raise ThroughputError(f"{sessions} sessions are too few to measure a rate: send more")
        resident, peak = _memory(process.pid)
        return Sustained(seen - first[1], moved - first[0], resident, peak)


@contextmanager
def _process(
    command: Sequence[str], environment: Mapping[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            tethered(command),
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _count(port: int) -> int:
    """Return how many records have taken effect, 0 while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5.0) as answer:
            return round(sum(float(each) for each in _RECORDS.findall(answer.read())))
    except (urllib.error.URLError, OSError):
        return 0


def _memory(pid: int) -> tuple[int, int]:
    """Return the resident memory now and at its peak, in bytes (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB$", status, re.MULTILINE))
    return int(found["VmRSS"]) * 1024, int(found["VmHWM"]) * 1024
