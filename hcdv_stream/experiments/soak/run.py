"""Worker and API under a steady load for long, with few descriptors: does anything grow?

A corpus of fixed size is replaced again and again, so that nothing has a reason to grow. What may
grow up to a bound, the update log and the API's history, gets a bound that warming up reaches.
Worker and API may open 1,024 files each. Their memory, descriptors and threads, and the files of
the state, are sampled after a time to warm up, which is fixed beforehand; the slope of each is
given with a confidence interval. The slope of the second half is given as well: what levels off
grows less there, a leak does not.
"""

import os
import resource
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import orjson

from hcdv_stream.broker.topics import create_topics, session_topics
from hcdv_stream.demo.endpoints import UNANSWERED, metric_total, summary
from hcdv_stream.demo.service import RunningService, kafka, running
from hcdv_stream.demo.workspace import Workspace
from hcdv_stream.errors import HcdvError
from hcdv_stream.experiments.common.feed import (
    PER_DAY,
    SMALL_PER_DAY,
    endless_messages,
    trained_bundle,
)
from hcdv_stream.experiments.endurance.kafka_process import KafkaProcess
from hcdv_stream.experiments.endurance.readers import Readers
from hcdv_stream.experiments.endurance.samples import (
    ResourceSampler,
    directory_sample,
    process_sample,
)
from hcdv_stream.experiments.experiment import (
    ExperimentOptions,
    ExperimentProgress,
    Result,
    ResultTable,
)
from hcdv_stream.settings import load_settings
from hcdv_stream.simulators.messages import Message
from hcdv_stream.simulators.publishing import Publisher, paced

_BURST = 25
_LOOK_SECONDS = 1.0
_FILL_SECONDS = 600.0
_UPDATE_LOG_LENGTH, _HISTORY_MIB = 200, 16
"""Bounds of what grows until it reaches them."""


@dataclass(frozen=True, slots=True)
class SoakLoad:
    """Examples, sessions and reads a second, the time to warm up and that of the measurement."""

    examples: int = 20_000
    sessions: float = 1_000.0
    readers: int = 4
    reads: float = 10.0
    warm_up: float = 600.0
    seconds: float = 1_800.0
    every: float = 5.0
    descriptors: int = 1_024


_SMALL = SoakLoad(examples=200, sessions=50.0, reads=5.0, warm_up=1.0, seconds=4.0, every=0.2)


def run(options: ExperimentOptions, progress: ExperimentProgress) -> Result:
    """Load the service for ``--minutes``; on the Apache Kafka of ``--kafka``, else on Tansu."""
    load = _SMALL if options.small else SoakLoad()
    seconds = load.seconds if options.minutes is None else 60.0 * options.minutes
    progress.plan(4)
    progress.begin("training")
    bundle = trained_bundle(0, SMALL_PER_DAY if options.small else PER_DAY)
    progress.done()
    with ExitStack() as stack:
        workspace = stack.enter_context(Workspace("hcdv-soak-"))
        if options.kafka is None:
            bootstrap, _ = stack.enter_context(kafka(None, 0))
        else:
            # A day of sessions is more than a soak may fill a disk with.
            process = KafkaProcess(
                options.kafka,
                workspace.path / "kafka",
                more=("log.segment.bytes=67108864", "log.retention.bytes=134217728"),
            )
            bootstrap = stack.enter_context(process).bootstrap
        bundle.save(workspace.path / "bundle")
        settings = load_settings(
            bootstrap=bootstrap,
            bundle=workspace.path / "bundle",
            state_dir=workspace.path / "state",
            api_port=0,
            metrics_port=0,
            update_log_length=_UPDATE_LOG_LENGTH,
            api_history_mib=_HISTORY_MIB,
        )
        create_topics(bootstrap, session_topics(settings))
        with running(settings, workspace, made_here=True) as service:
            for child in service.children:
                _limit(child.pid, load.descriptors)
            pool = _replacements(load.examples)
            progress.begin("filling")
            _fill(service, bootstrap, settings.topic, pool[: load.examples])
            progress.done()
            result = _measured(
                service,
                bootstrap,
                settings.topic,
                pool,
                load,
                seconds=seconds,
                progress=progress,
            )
    return {
        "experiment": "soak",
        "broker": "Apache Kafka" if options.kafka else "Tansu",
        "processors": os.cpu_count(),
        "load_at_end": os.getloadavg()[0],
        "descriptors": load.descriptors,
        "examples": load.examples,
        "sessions_per_second": load.sessions,
        "reads_per_second": load.readers * load.reads,
        "warm_up_seconds": load.warm_up,
        **result,
    }


def _limit(pid: int, descriptors: int) -> None:
    """Let a process open no more files than that, as ``ulimit -n`` does."""
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (descriptors, descriptors))


def _replacements(examples: int) -> list[Message]:
    """Return two versions of every example, the second with other features and label."""
    made = list(islice(endless_messages(7), 2 * examples))
    first, second = made[:examples], made[examples:]
    return first + [
        Message(old.key, orjson.dumps(orjson.loads(new.value) | {"id": old.key.decode()}))
        for old, new in zip(first, second, strict=True)
    ]


def _fill(service: RunningService, bootstrap: str, topic: str, first: Sequence[Message]) -> None:
    with Publisher(bootstrap, topic) as publisher:
        for message in first:
            publisher.send(message)
    deadline = time.monotonic() + _FILL_SECONDS
    while time.monotonic() < deadline:
        service.check()
        time.sleep(_LOOK_SECONDS)
        try:
            if summary(service.api).examples == len(first):
                return
        except UNANSWERED:
            continue
    raise HcdvError(f"{len(first):,} sessions were not all there after {_FILL_SECONDS:.0f} s")


@contextmanager
def _streaming(
    bootstrap: str, topic: str, pool: Sequence[Message], rate: float
) -> Iterator[list[int]]:
    """Send the pool again and again at a rate; the list yielded holds how many were sent."""
    stop, sent, failures = threading.Event(), [0], list[Exception]()
    bursts = [pool[start : start + _BURST] for start in range(0, len(pool), _BURST)]

    def send() -> None:
        try:
            with Publisher(bootstrap, topic) as publisher:
                for burst in paced(cycle(bursts), rate / _BURST):
                    if stop.is_set():
                        return
                    for message in burst:
                        publisher.send(message)
                    sent[0] += len(burst)
        except HcdvError as error:
            failures.append(error)

    thread = threading.Thread(target=send, name="stream")
    thread.start()
    try:
        yield sent
    finally:
        stop.set()
        thread.join()
    if failures:
        raise failures[0]


def _measured(
    service: RunningService,
    bootstrap: str,
    topic: str,
    pool: Sequence[Message],
    load: SoakLoad,
    *,
    seconds: float,
    progress: ExperimentProgress,
) -> dict[str, Any]:
    worker, api = service.children
    state = service.timings.parent / "state"
    sources = {
        "worker": partial(process_sample, worker.pid),
        "api": partial(process_sample, api.pid),
        "state": partial(directory_sample, Path(state)),
    }
    ids = [message.key.decode() for message in pool[: load.examples : 97]]
    with (
        _streaming(bootstrap, topic, pool, load.sessions) as sent,
        Readers(service.api, ids, readers=load.readers, rate=load.reads) as readers,
    ):
        progress.begin("warming up")
        _watch(service, load.warm_up)
        progress.done()
        progress.begin(f"{seconds / 60:.0f} minutes of load")
        before, begin = (sent[0], _records(service)), time.monotonic()
        first_read = len(readers.seconds)
        with ResourceSampler(sources, load.every) as sampler:
            _watch(service, seconds)
        took = time.monotonic() - begin
        after = (sent[0], _records(service))
        lag = metric_total(f"{service.metrics}/metrics", "hcdv_consumer_lag_records")
        progress.done()
    reads = sorted(readers.seconds[first_read:])
    return {
        "seconds": took,
        "samples": len(sampler.seconds),
        "sent_per_second": (after[0] - before[0]) / took,
        "valued_per_second": (after[1] - before[1]) / took,
        "lag_at_end": lag,
        "read_seconds_p99": reads[int(0.99 * (len(reads) - 1))] if reads else None,
        "statuses": dict(readers.statuses),
        "slopes": _slopes(sampler, slice(None)),
        "slopes_of_second_half": _slopes(sampler, slice(len(sampler.seconds) // 2, None)),
        "series": {"seconds": sampler.seconds, **sampler.series},
    }


def _slopes(sampler: ResourceSampler, part: slice) -> dict[str, Any]:
    return {name: slope.to_json() for name, slope in sampler.slopes(part).items()}


def _watch(service: RunningService, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        service.check()
        time.sleep(min(left, _LOOK_SECONDS))


def _records(service: RunningService) -> int:
    return metric_total(f"{service.metrics}/metrics", "hcdv_records_total")


def tables(result: Result) -> Sequence[ResultTable]:
    """Return the slopes with their intervals."""
    rows = [
        (
            name,
            f"{slope['mean']:,.0f}",
            f"{slope['per_hour']:+,.1f}",
            f"{slope['low']:+,.1f} to {slope['high']:+,.1f}",
            f"{slope['growth_of_mean']:+.2%}",
            f"{result['slopes_of_second_half'][name]['growth_of_mean']:+.2%}",
            "yes" if slope["flat"] else "no",
        )
        for name, slope in result["slopes"].items()
    ]
    note = (
        f"{result['seconds'] / 60:.0f} minutes after {result['warm_up_seconds'] / 60:.0f} to warm "
        f"up, on {result['broker']}: {result['valued_per_second']:,.0f} sessions valued and "
        f"{result['reads_per_second']:g} reads asked a second, {result['examples']:,} examples, "
        f"at most {result['descriptors']:,} descriptors; lag at the end {result['lag_at_end']}; "
        f"answers {result['statuses']}; {result['processors']} processors with a load of "
        f"{result['load_at_end']:.0f} at the end, from other programs too."
    )
    columns = (
        "",
        "mean",
        "an hour",
        "99% interval",
        "growth in all",
        "in the second half",
        "flat",
    )
    return [ResultTable("A long load", columns, rows, note)]
