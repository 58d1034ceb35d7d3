"""What the worker's tests drive and look at: processes, topics, states."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.bundle.features import Number
from hcdv_stream.bundle.schema import FeatureSchema
from hcdv_stream.runtime.child_process import tethered
from hcdv_stream.state import PartitionReader
from hcdv_stream.state.drift_record import encode_drift
from hcdv_stream.state.next_offset import next_offset_of
from hcdv_stream.state.reading.secondary import Secondary
from hcdv_stream.state.records import encode_header, encode_leaf, encode_node
from hcdv_stream.state.stored import StoredPartition
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.doubt.calibration import Calibration
from hcdv_stream.valuation.doubt.labelled_matrix import LabelledMatrix
from hcdv_stream.valuation.doubt.model import DoubtModel
from hcdv_stream.valuation.doubt.model_fitting import fit_models
from hcdv_stream.valuation.embedding.encoder import Encoder
from hcdv_stream.valuation.embedding.grid import unit_grid
from hcdv_stream.valuation.tree.seed import build_seed
from hcdv_stream.valuation.validation import Validation
from tests.processes.service_process import ServiceProcess

PATIENCE = 4.0
"""How much longer than on a machine of one's own a wait may take: tests run beside others."""
WIDTH = 6
CLASSES = ("no", "yes")
FEATURES = tuple(f"f{number}" for number in range(WIDTH))


@cache
def small_doubt_model() -> DoubtModel:
    """Small models of rows like a session's; other ones for seller-0, of which they saw none."""
    generator = np.random.default_rng(8)
    rows = generator.normal(size=(120, WIDTH)).astype(np.float32)
    table = LabelledMatrix(rows, (rows[:, 0] > 0).astype(np.int16))
    other = LabelledMatrix(rows[:80], (rows[:80, 1] > 0).astype(np.int16))
    everybody, blind = (fit_models(part, 2, 0).models for part in (table, other))
    calibration = Calibration(np.array([-1.0, -0.5]), np.array([1.0, 0.8]))
    return DoubtModel(
        everybody, calibration, "validation", (blind,), {"seller-0": 0}, np.array([1.5])
    )


def small_bundle() -> Bundle:
    """Six plain features, no encoder, two classes, V of 60 examples, a seed of 300, doubts."""
    generator = np.random.default_rng(7)
    seed = unit_grid(generator.normal(size=(300, WIDTH)))
    validation = Validation(
        unit_grid(generator.normal(size=(60, WIDTH))),
        generator.integers(0, 2, 60).astype(np.int16),
    )
    return Bundle(
        FeatureSchema(tuple(Number(name, scale=None) for name in FEATURES)),
        CLASSES,
        "label",
        Encoder(None, np.zeros(WIDTH, np.float32)),
        validation,
        build_seed(seed, EngineConfig()),
        0.35,
        doubt=small_doubt_model(),
    )


def session(number: int, **changes: Any) -> tuple[bytes, bytes]:
    """Key and value of the session with this number; ``changes`` replace fields of the value."""
    generator = np.random.default_rng(number)
    id = f"s{number:06d}"
    value = {
        "schema": 1,
        "id": id,
        "ts": 1_700_000_000.0 + number,
        "features": dict(zip(FEATURES, generator.normal(size=WIDTH).tolist(), strict=True)),
        "label": CLASSES[int(generator.integers(0, 2))],
        "provider": f"seller-{number % 5}",
    }
    return id.encode(), orjson.dumps(value | changes)


STARTED = ("-m", "hcdv_stream", "worker")
"""The program of a worker that loads its own modules, as it does in production."""


class WorkerProcess:
    """A worker, with JSON log lines in a file: a fork, or a Python program if one is given."""

    def __init__(
        self,
        environment: dict[str, str],
        log: Path,
        program: Sequence[str] | None = None,
    ) -> None:
        self._log = log
        variables = os.environ | {"OMP_NUM_THREADS": "1", "HCDV_LOG_FORMAT": "json"}
        variables |= {"HCDV_METRICS_PORT": "0"} | environment
        self.process: ServiceProcess | subprocess.Popen[bytes]
        with log.open("wb") as output:
            if program is None:
                file = output.fileno()
                self.process = ServiceProcess(
                    ["worker"], variables, stdout=file, stderr=file, directory=log.parent
                )
            else:
                self.process = subprocess.Popen(
                    tethered([sys.executable, *program]),
                    env=variables,
                    stdout=output,
                    stderr=output,
                    cwd=log.parent,
                )

    @property
    def output(self) -> str:
        return self._log.read_text()

    @property
    def said(self) -> str:
        """The output as one line."""
        return " ".join(self.output.split())

    def events(self, name: str) -> list[dict[str, Any]]:
        """Log lines of one kind."""
        lines = [line for line in self.output.splitlines() if line.startswith("{")]
        return [entry for entry in map(orjson.loads, lines) if entry["event"] == name]

    def wait_for(self, name: str, seconds: float = 30.0) -> dict[str, Any]:
        """Wait for the first log line of a kind."""
        until(lambda: self.events(name) or self.process.poll() is not None, seconds, name)
        assert self.events(name), self.output
        return self.events(name)[0]

    def stop(self) -> float:
        """Ask it to stop; return how many seconds it took, which must end well."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20 * PATIENCE) == 0, self.output
        return time.monotonic() - begin

    def ends(self, seconds: float) -> int:
        """Wait until it ends by itself, as patiently as ``until``; return its exit code."""
        return self.process.wait(seconds * PATIENCE)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.process.kill()
        self.process.wait()

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of one of the HTTP endpoints."""
        port = self.wait_for("metrics listening")["port"]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that carry these labels."""
        lines = self.get("/metrics")[1].splitlines()
        families = text_string_to_metric_families(
            "\n".join(line for line in lines if line.startswith(name))  # parsing all takes 8 ms
        )
        samples = [sample for family in families for sample in family.samples]
        return sum(
            sample.value
            for sample in samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


def until(condition: Callable[[], Any], seconds: float, about: object = "") -> None:
    """Wait until a condition holds, at most so long on a machine that nobody else uses.

    A condition that takes long to examine is examined less often: those who wait leave the
    processors to what they wait for.
    """
    deadline = time.monotonic() + seconds * PATIENCE
    begin = time.thread_time()
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds * PATIENCE} s: {about}"
        time.sleep(min(0.25, max(0.05, 10 * (time.thread_time() - begin))))
        begin = time.thread_time()


def produce(
    bootstrap: str,
    topic: str,
    records: Iterable[tuple[bytes | None, bytes | None]],
    headers: Sequence[tuple[str, bytes]] = (),
) -> list[tuple[int, int]]:
    """Send records; return the partition and offset of each."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, max_request_size=4_000_000)
    sent = [
        producer.send(topic, key=key, value=value, headers=list(headers)) for key, value in records
    ]
    producer.flush()
    producer.close()
    return [(one.get().partition, one.get().offset) for one in sent]


def consume_all(bootstrap: str, topic: str, **options: Any) -> list[Any]:
    """Everything that is in a topic: until nothing more comes for a while."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", **options)
    partitions = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic) or ()]
    consumer.assign(partitions)
    consumer.seek_to_beginning()
    found: list[Any] = []
    while got := [record for run in consumer.poll(1500).values() for record in run]:
        found += got
    consumer.close()
    return found


def consume(bootstrap: str, topic: str, count: int) -> list[Any]:
    """Everything in a topic, which must be ``count`` records."""
    found = consume_all(bootstrap, topic)
    assert len(found) == count
    return found


def stored(directory: Path) -> StoredPartition | None:
    """What a partition's state holds now, read beside its owner."""
    if not (directory / "CURRENT").exists():
        return None
    reader = PartitionReader(directory)
    reader.refresh()
    return reader.stored


def wait_for_offset(directory: Path, offset: int, worker: WorkerProcess, seconds: float) -> None:
    """Wait until everything below an offset is durable."""
    followed: list[Secondary] = []  # opened once: to catch up costs a tenth of that

    def next_offset() -> int:
        if followed:
            followed[0].catch_up()
        elif (directory / "CURRENT").exists():
            followed.append(Secondary(directory))
        else:
            return 0
        return next_offset_of(followed[0])

    def there() -> bool:
        assert worker.process.poll() is None, worker.output
        try:
            return next_offset() >= offset
        except Exception:  # rocksdict raises no other; the owner's files may just have moved
            forget()
            return False

    def forget() -> None:
        while followed:
            followed.pop().close()

    try:
        until(there, seconds, f"offset {offset} of {directory}")
    finally:
        forget()


def state_bytes(partition: StoredPartition) -> bytes:
    """The engine's state as bytes: equal if and only if every bit of it is."""
    state = partition.state
    parts = [encode_header(state.header), encode_drift(state.drift, 0)]
    parts += [encode_leaf(state.leaves[leaf], 0) for leaf in sorted(state.leaves)]
    parts += [encode_node(state.nodes[node], 0) for node in sorted(state.nodes)]
    return b"".join(parts)


def ids_of(partitions: Sequence[StoredPartition]) -> list[str]:
    """Ids of every example in these partitions."""
    return [
        name
        for partition in partitions
        for leaf in partition.state.leaves.values()
        for name in leaf.examples.ids
    ]
