"""One partition driven by hand: the worker's own path from records to the durable write.

Everything of the worker but Kafka: validate, embed, place, play, write to RocksDB.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from prometheus_client import CollectorRegistry

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.experiments.common.feed import Feed
from hcdv_stream.settings import load_settings
from hcdv_stream.worker.metrics.definitions import WorkerMetrics
from hcdv_stream.worker.partition import Partition

STAGES = ("validate", "embed", "place", "play", "write")


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds of one run of records through the path: all of it, of the processor, by stage."""

    total: float
    processor: float
    stages: dict[str, float]


class WorkerPath:
    """A context manager around a partition in ``directory``, fed from a simulated log."""

    def __init__(
        self, directory: Path, bundle: Bundle, seed: int, game: str = "routed", **settings: object
    ) -> None:
        self._registry = CollectorRegistry()
        chosen = load_settings(state_dir=directory, game=game, seed=seed, **settings)
        metrics = WorkerMetrics(self._registry)
        self._partition = Partition.open(chosen, 0, bundle, metrics)
        self._feed = Feed(seed)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._partition.close()

    def fill(self, examples: int, run: int = 1500) -> list[Timed]:
        """Take that many more examples in, ``run`` at a time."""
        return [self.step(min(run, examples - done)) for done in range(0, examples, run)]

    def step(self, records: int) -> Timed:
        """Take one run of records through everything; generating them is not timed."""
        taken = self._feed.take(records)
        before = self._stages()
        began, worked = time.perf_counter(), time.process_time()
        step = self._partition.apply(taken, taken[-1].offset + 1)
        self._partition.write(step)
        total, processor = time.perf_counter() - began, time.process_time() - worked
        after = self._stages()
        stages = {stage: after[stage] - before[stage] for stage in STAGES}
        return Timed(total, processor, stages)

    def _stages(self) -> dict[str, float]:
        return {
            stage: self._registry.get_sample_value("hcdv_stage_seconds_sum", {"stage": stage})
            or 0.0
            for stage in STAGES
        }
