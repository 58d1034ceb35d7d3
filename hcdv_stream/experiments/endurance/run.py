"""Workers killed, a broker killed and cut off, disks full: is anything lost, doubled or changed?

Every worker has a topic of its own and reaches a real Apache Kafka through a proxy.
Sessions with replacements, deletions and poison stream all the time. In the end each partition is
compared with its log, and bit for bit with a worker that read the same topic undisturbed.
"""

import os
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hcdv_stream.broker.embedded import free_port
from hcdv_stream.broker.topics import create_topics, session_topics
from hcdv_stream.errors import HcdvError
from hcdv_stream.experiments.common.feed import (
    PER_DAY,
    SMALL_PER_DAY,
    endless_messages,
    trained_bundle,
)
from hcdv_stream.experiments.endurance import faults
from hcdv_stream.experiments.endurance.comparison import compared
from hcdv_stream.experiments.endurance.feeder import TopicFeeder
from hcdv_stream.experiments.endurance.kafka_process import KafkaProcess
from hcdv_stream.experiments.endurance.plan import SMALL, Plan
from hcdv_stream.experiments.endurance.proxy import FaultProxy
from hcdv_stream.experiments.endurance.records import expected, letters_of, read_topic, records
from hcdv_stream.experiments.endurance.topic_worker import TopicWorker
from hcdv_stream.experiments.experiment import (
    ExperimentOptions,
    ExperimentProgress,
    Result,
    ResultTable,
    Silent,
)
from hcdv_stream.settings import load_settings
from hcdv_stream.simulators.messages import Message

_REFERENCE = ".reference"
_SILENT = Silent()


def run(options: ExperimentOptions, progress: ExperimentProgress) -> Result:
    """Train a bundle and go through every fault with it; ``--kafka`` names the broker's script."""
    if options.kafka is None:
        raise HcdvError(
            "endurance needs --kafka SCRIPT: a script that runs an Apache Kafka in the foreground "
            "as `SCRIPT start PORT DATADIR [KEY=VALUE...]`"
        )
    plan = SMALL if options.small else Plan(seed=options.seeds)
    with TemporaryDirectory(prefix="hcdv-endurance-") as place:
        bundle = Path(place) / "bundle"
        trained_bundle(0, SMALL_PER_DAY if options.small else PER_DAY).save(bundle)
        stream = endless_messages(plan.seed)
        return trial(plan, options.kafka, Path(place), bundle, stream, progress=progress)


def trial(
    plan: Plan,
    script: Path,
    place: Path,
    bundle: Path,
    sessions: Iterable[Message],
    *,
    progress: ExperimentProgress = _SILENT,
) -> Result:
    """Go through the faults of a plan; return what each came to and what the states came to."""
    begin = time.monotonic()
    found: dict[str, Any] = {}
    with FaultProxy(free_port()) as proxy, KafkaProcess(script, place / "kafka", proxy.port) as own:
        proxy.target = own.inner_port
        with _topic_workers(plan, place, bundle, own) as workers:
            log = records(sessions, random.Random(plan.seed))
            topics = [worker.topic for worker in workers]
            with TopicFeeder(own.bootstrap, topics, log, plan.rate, plan.first) as feeder:
                for name, result in _faults(plan, workers, own, proxy, progress):
                    found[name] = result
                feeder.stop()
            progress.begin("comparison")
            states = _compared(plan, workers, own, bundle)
            progress.done()
            ended = [asdict(one) for worker in workers for one in worker.ended]
            stuck = [one for worker in workers for one in worker.stuck_readers]
            starts = sum(worker.starts for worker in workers)
    return {
        "experiment": "endurance",
        "plan": asdict(plan),
        "processors": os.cpu_count(),
        "seconds": time.monotonic() - begin,
        "acknowledged": feeder.acknowledged,
        "starts": starts,
        "ended_by_themselves": ended,
        "stuck_readers": stuck,
        "faults": found,
        "states": states,
    }


def _faults(
    plan: Plan,
    workers: Sequence[TopicWorker],
    kafka: KafkaProcess,
    proxy: FaultProxy,
    progress: ExperimentProgress,
) -> Iterator[tuple[str, faults.Found]]:
    steps: dict[str, Callable[[], faults.Found]] = {
        "worker kills": lambda: faults.kill_workers(workers, plan),
        "broker kills": lambda: faults.kill_broker(workers, kafka, plan),
        "outage": lambda: faults.outage(workers, kafka, plan),
        "resets": lambda: faults.reset(workers, proxy, plan),
        "half-open": lambda: faults.half_open(workers, proxy, plan),
        "delay": lambda: faults.slow(workers, proxy, plan),
        "full disks": lambda: faults.fill_disks(workers, plan),
    }
    progress.plan(len(steps) + 1)
    faults.each(workers, lambda worker: worker.begin(plan.patience))
    for name, step in steps.items():
        progress.begin(name)
        yield name, step()
        progress.done()


@contextmanager
def _topic_workers(
    plan: Plan, place: Path, bundle: Path, kafka: KafkaProcess
) -> Iterator[list[TopicWorker]]:
    """Make the workers, with their topics; nobody survives the block."""
    common = {
        "HCDV_BOOTSTRAP": kafka.proxied,
        "HCDV_BUNDLE": str(bundle),
        "HCDV_SESSION_TIMEOUT_SECONDS": "2",
        "HCDV_HEARTBEAT_SECONDS": "0.5",
        "HCDV_STALL_SECONDS": "30",
        "HCDV_POLL_RECORDS": "40",
        "HCDV_POLL_SECONDS": "0.05",
    }
    with ExitStack() as stack:
        workers = []
        for number in range(plan.workers):
            topic = f"trial-{number}"
            for suffix in (".dlq", _REFERENCE):
                settings = load_settings(
                    topic=topic, partitions=plan.partitions, dead_letter_suffix=suffix
                )
                create_topics(kafka.bootstrap, session_topics(settings))
            environment = common | {"HCDV_GROUP": f"group-{number}"}
            worker = TopicWorker(topic, plan.partitions, place / topic, environment)
            stack.callback(_end, worker)
            workers.append(worker)
        yield workers


def _end(worker: TopicWorker) -> None:
    worker.thread.submit(worker.close).result()
    worker.thread.shutdown()


def _compared(
    plan: Plan, workers: Sequence[TopicWorker], kafka: KafkaProcess, bundle: Path
) -> Mapping[str, Any]:
    """Let everybody come to the end, stop, and compare with a log read in peace."""
    logs = [read_topic(kafka.bootstrap, worker.topic, plan.partitions) for worker in workers]
    wanted = [
        expected(log, worker.topic, plan.partitions)
        for worker, log in zip(workers, logs, strict=True)
    ]

    def finished(worker: TopicWorker) -> int:
        worker.wait_for([one.end for one in wanted[workers.index(worker)]], plan.patience)
        return worker.stop()

    stopped = faults.each(workers, finished)
    totals: dict[str, Any] = {"records": sum(map(len, logs)), "stopped_with": sorted(set(stopped))}
    for worker, one in zip(workers, wanted, strict=True):
        environment = {
            "HCDV_BOOTSTRAP": kafka.bootstrap,
            "HCDV_BUNDLE": str(bundle),
            "HCDV_GROUP": f"{worker.topic}{_REFERENCE}",
            "HCDV_DEAD_LETTER_SUFFIX": _REFERENCE,
        }
        place = worker.directory / "reference"
        reference = TopicWorker(worker.topic, plan.partitions, place, environment)
        try:
            reference.start()
            reference.wait_for([each.end for each in one], plan.patience)
            reference.stop()
            letters = read_topic(kafka.bootstrap, f"{worker.topic}.dlq", plan.partitions)
            for name, count in compared(worker, reference, one, letters_of(letters)).items():
                totals[name] = totals.get(name, 0) + count
        finally:
            reference.close()
            reference.thread.shutdown()
    return totals


def tables(result: Result) -> Sequence[ResultTable]:
    """Return the faults, and what the states came to."""
    rows = []
    for name, found in result["faults"].items():
        pauses = found["seconds_until_progress"]
        times = f"{pauses['median']:.1f} / {pauses['max']:.1f}" if pauses["count"] else "–"
        extent = found.get("kills") or found.get("resets") or found.get("disks")
        rows.append((name, f"{extent}" if extent else f"{found['seconds']:.0f} s", times))
    states = result["states"]
    about = {
        "records": "records in the topics",
        "examples": "examples that must be there",
        "lost": "lost",
        "doubled": "doubled",
        "letters": "dead letters that must be there",
        "letters_missing": "missing",
        "letters_doubled": "sent twice",
        "partitions": "partitions compared",
        "partitions_that_differ": "that differ by a bit",
    }
    outcome = [(text, f"{states[name]:,}") for name, text in about.items()]
    return [
        ResultTable("Faults", ("fault", "how often", "s until progress, median / most"), rows),
        ResultTable(
            "What is left of them",
            ("", "found"),
            outcome,
            f"{result['seconds'] / 60:.0f} minutes on {result['processors']} processors; "
            f"{result['starts']} starts of workers, of which "
            f"{len(result['ended_by_themselves'])} after one that ended by itself.",
        ),
    ]
