"""The API under load beside a busy worker: latency, freshness, and whether any answer was torn.

Worker, API and whoever reads are processes of their own on one machine; sessions stream all the
time. The worker is measured with nobody reading and with so many reads of examples a second turn by
turn, since an update costs more the more examples there are. Every answer is checked to the last
bit afterwards (``expected_answers``).
"""

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from math import ceil
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import orjson

from hcdv_stream.broker.topics import create_topics, session_topics
from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.demo.endpoints import UNANSWERED, summary
from hcdv_stream.demo.service import RunningService, kafka, running
from hcdv_stream.demo.workspace import Workspace
from hcdv_stream.errors import HcdvError
from hcdv_stream.experiments.api_load.expected_answers import wrong_answers
from hcdv_stream.experiments.common.feed import (
    PER_DAY,
    SMALL_PER_DAY,
    endless_messages,
    trained_bundle,
)
from hcdv_stream.experiments.experiment import (
    ExperimentOptions,
    ExperimentProgress,
    Result,
    ResultTable,
)
from hcdv_stream.runtime.child_process import tethered
from hcdv_stream.settings import Settings, load_settings
from hcdv_stream.simulators.messages import Message
from hcdv_stream.simulators.publishing import Publisher, paced

_IDS = 200
_CONNECTIONS = 8
_LOOK_SECONDS = 0.2
_BURST = 25
"""Sessions sent at once: one by one, producer and broker would take more than the worker."""
_WAIT_SECONDS = 300.0
_DELAY = re.compile(r'^hcdv_api_update_delay_seconds_(?:bucket\{le="0.25"\}|count) (\S+)$', re.M)


@dataclass(frozen=True, slots=True)
class Scale:
    """Sessions before and a second, reads a second; turns, and the seconds of a turn's parts."""

    before: int = 20_000
    sessions: float = 500.0
    reads: float = 500.0
    turns: int = 5
    alone: float = 20.0
    loaded: float = 40.0

    @property
    def sent(self) -> int:
        """Sessions made for the whole of it, and half as many for what lies between."""
        return int(1.5 * self.sessions * self.turns * (self.alone + self.loaded))


_SMALL = Scale(before=300, sessions=60.0, reads=20.0, turns=2, alone=1.0, loaded=1.5)


def run(options: ExperimentOptions, progress: ExperimentProgress) -> Result:
    """Measure once; ``seeds`` is which stream it is on."""
    scale = _SMALL if options.small else Scale()
    progress.plan(2 + scale.turns)
    stream = endless_messages(options.seeds)
    with trained_service(options, progress) as (settings, bundle, start):
        with start as service:
            progress.begin("filling")
            ids = fill_corpus(settings, service, islice(stream, scale.before))
            progress.done()
            with _streaming(settings, stream, scale.sessions, scale.sent):
                found = _turns(service, scale, ids, settings.state_dir.parent, progress)
                examples = summary(service.api).records
        told = [each["answer"] for each in found.answers if each["status"] == 200]
        checked, wrong = wrong_answers(settings, bundle, told)
    seconds = [each["seconds"] for each in found.answers]
    return {
        "experiment": "api-load",
        "processors": os.cpu_count(),
        "load_at_end": os.getloadavg()[0],
        "reads_per_second": scale.reads,
        "sessions_per_second": scale.sessions,
        "reads": len(seconds),
        "failed": len(seconds) - len(told),
        "checked": checked,
        "wrong": len(wrong),
        "first_wrong": wrong[:3],
        "states": len({each["as_of"]["view"] for each in told}),
        "read_seconds": quantiles(seconds),
        "worker_alone_seconds": quantiles(found.alone),
        "worker_loaded_seconds": quantiles(found.loaded),
        "updates_seen": int(found.seen),
        "updates_within_250_ms": int(found.within),
        "records": [scale.before, examples],
    }


def tables(result: Result) -> Sequence[ResultTable]:
    """Return the figures beside their targets."""
    reads, alone, loaded = (
        result[name] for name in ("read_seconds", "worker_alone_seconds", "worker_loaded_seconds")
    )
    seen = max(result["updates_seen"], 1)
    rows = [
        (
            "reads of an example, p50 / p99",
            f"{_ms(reads['p50'])} / {_ms(reads['p99'])}",
            "p99 ≤ 20 ms",
        ),
        ("updates visible within 250 ms", f"{result['updates_within_250_ms'] / seen:.1%}", "all"),
        ("answers checked / wrong", f"{result['checked']:,} / {result['wrong']}", "none wrong"),
        ("worker's poll alone, p99", _ms(alone["p99"]), ""),
        ("worker's poll with reads, p99", _ms(loaded["p99"]), ""),
        ("with reads ÷ alone, p50", f"{loaded['p50'] / max(alone['p50'], 1e-9):.2f}", ""),
        ("with reads ÷ alone, p99", f"{loaded['p99'] / max(alone['p99'], 1e-9):.2f}", "≤ 1.2"),
    ]
    first, last = result["records"]
    note = (
        f"{result['reads_per_second']:g} reads and {result['sessions_per_second']:g} sessions a "
        f"second, broker, worker, API and reader on {result['processors']} processors, "
        f"{first:,} to {last:,} examples; answers from {result['states']:,} states, each compared "
        "with a replay of the log."
    )
    return [ResultTable("The API under load", ("", "found", "target"), rows, note)]


@dataclass(slots=True)
class _Measurements:
    """Seconds of the worker's polls without and with reads, answers, updates seen and in time."""

    alone: list[float] = field(default_factory=list)
    loaded: list[float] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    seen: float = 0.0
    within: float = 0.0


def _turns(
    service: RunningService, scale: Scale, ids: list[str], place: Path, progress: ExperimentProgress
) -> _Measurements:
    found = _Measurements()
    for turn in range(scale.turns):
        progress.begin(f"turn {turn + 1} of {scale.turns}")
        time.sleep(scale.alone / 10)  # what the reads before left to do is no part of it
        found.alone += _polls_during(service, scale.alone)
        before, marks = _delays(service), len(_polls(service))
        found.answers += read_examples(service, scale.reads, scale.loaded, ids, place)
        found.loaded += _polls(service)[marks:]
        after = _delays(service)
        found.within += after[0] - before[0]
        found.seen += after[1] - before[1]
        progress.done()
    return found


@contextmanager
def trained_service(
    options: ExperimentOptions, progress: ExperimentProgress
) -> Iterator[tuple[Settings, Bundle, AbstractContextManager[RunningService]]]:
    """Train a bundle and run a broker; yield what starts worker and API on them.

    The log outlives the service. The folder above the state is the experiment's own.
    """
    progress.begin("training")
    bundle = trained_bundle(0, SMALL_PER_DAY if options.small else PER_DAY)
    progress.done()
    with Workspace("hcdv-load-") as workspace, kafka(None, 0) as (bootstrap, _):
        bundle.save(workspace.path / "bundle")
        settings = load_settings(
            bootstrap=bootstrap,
            bundle=workspace.path / "bundle",
            state_dir=workspace.path / "state",
            api_port=0,
            metrics_port=0,
        )
        create_topics(bootstrap, session_topics(settings))
        yield settings, bundle, running(settings, workspace, made_here=True)


def fill_corpus(
    settings: Settings, service: RunningService, sessions: Iterable[Message]
) -> list[str]:
    """Send sessions and wait until all can be read; return some of their ids."""
    first = list(sessions)
    with Publisher(settings.bootstrap, settings.topic) as publisher:
        for message in first:
            publisher.send(message)
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        service.check()
        time.sleep(_LOOK_SECONDS)
        try:
            if summary(service.api).records >= len(first):
                return [message.key.decode() for message in first[:: max(len(first) // _IDS, 1)]]
        except UNANSWERED:
            continue
    raise HcdvError(f"{len(first):,} sessions were not all there after {_WAIT_SECONDS:.0f} s")


@contextmanager
def _streaming(
    settings: Settings, stream: Iterator[Message], rate: float, count: int
) -> Iterator[None]:
    """Send sessions, made before, at a rate all the while."""
    stop = Event()
    bursts = [list(islice(stream, _BURST)) for _ in range(ceil(count / _BURST))]

    def send() -> None:
        with Publisher(settings.bootstrap, settings.topic) as publisher:
            for burst in paced(bursts, rate / _BURST):
                if stop.is_set():
                    return
                for message in burst:
                    publisher.send(message)

    thread = Thread(target=send, name="stream")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def read_examples(
    service: RunningService, rate: float, seconds: float, ids: list[str], place: Path
) -> list[dict[str, Any]]:
    """Read examples at a rate, from a process of its own; return what each read found."""
    names, out = place / "ids", place / "reads.ndjson"
    names.write_text("\n".join(ids))
    arguments = [service.api, rate, seconds, _CONNECTIONS, names, out]
    module = [sys.executable, "-m", "hcdv_stream.experiments.api_load.load_generator"]
    command = tethered([*module, *map(str, arguments)])
    subprocess.run(command, check=True, start_new_session=True)
    return [orjson.loads(line) for line in out.read_bytes().splitlines()]


def _polls_during(service: RunningService, seconds: float) -> list[float]:
    before = len(_polls(service))
    time.sleep(seconds)
    return _polls(service)[before:]


def _polls(service: RunningService) -> list[float]:
    """Return how long each of the worker's polls took until it was durable."""
    lines = service.timings.read_bytes().splitlines()
    return [orjson.loads(line)["seconds"] for line in lines]


def _delays(service: RunningService) -> tuple[float, float]:
    """Return how many updates were visible within 250 ms of their write, and how many at all."""
    with urllib.request.urlopen(f"{service.api}/metrics", timeout=10.0) as answer:
        within, every = _DELAY.findall(answer.read().decode())
    return float(within), float(every)


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    """Return count, median, 99th percentile and maximum."""
    if not seconds:
        return {"count": 0, "p50": 0.0, "p99": 0.0, "max": 0.0}
    p50, p99 = np.quantile(seconds, [0.5, 0.99])
    return {"count": len(seconds), "p50": float(p50), "p99": float(p99), "max": max(seconds)}


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms"
