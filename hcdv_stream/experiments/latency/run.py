"""How fast an update is, and how that depends on what is there already.

All of it runs the worker's own path by hand (``worker_path``): validate, embed, place, play, write
to RocksDB; ``throughput`` adds Kafka. Seconds are those of the wall clock, with the processor's own
beside them, which other programs on the machine do not lengthen.
"""

import gc
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.experiments.common.feed import SMALL_PER_DAY, Feed, trained_bundle
from hcdv_stream.experiments.experiment import ExperimentOptions, ExperimentProgress, Result
from hcdv_stream.experiments.latency.throughput import LOOK_SECONDS, measure_throughput
from hcdv_stream.experiments.latency.worker_path import STAGES, Timed, WorkerPath
from hcdv_stream.runtime.blas import one_blas_thread
from hcdv_stream.settings import load_settings
from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.config import PAPER, EngineConfig
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.games.knn import MOST_PLAYERS
from hcdv_stream.valuation.tree.seed import build_seed
from hcdv_stream.worker.session import SessionValidator
from hcdv_stream.worker.validation import ProvidersById, validate_records

MINI, DAY = 150, 1500
PAPER_SETTINGS: dict[str, object] = {
    "branching": PAPER.branching,
    "leaf_size": PAPER.leaf_size,
    "permutations": PAPER.permutations,
    "tau": PAPER.tau,
    "rebalance_every": PAPER.rebalance_every,
}


def run(options: ExperimentOptions, progress: ExperimentProgress) -> Result:
    """Measure everything; ``seeds`` is how many streams the mini-batches are measured on.

    With one BLAS thread, as in the worker.
    """
    with one_blas_thread():
        return _measured(options, progress)


def _measured(options: ExperimentOptions, progress: ExperimentProgress) -> Result:
    small = options.small
    examples, large, steps = (300, 1_000, 4) if small else (15_000, 200_000, 40)
    # A backlog that a bare agent works off between two looks has no rate.
    backlog, look_seconds = (5_000, 0.02) if small else (large, LOOK_SECONDS)
    progress.plan(options.seeds + 4)
    bundle = trained_bundle(0, SMALL_PER_DAY if small else DAY)
    result: dict[str, Any] = {
        "experiment": "latency",
        "processors": os.cpu_count(),
        "load_at_start": os.getloadavg()[0],
        "examples": examples,
    }
    days: list[Timed] = []
    minis: list[Timed] = []
    for seed in range(options.seeds):
        progress.begin(f"routed, stream {seed}")
        with tempfile.TemporaryDirectory() as place, WorkerPath(Path(place), bundle, seed) as path:
            days += path.fill(examples, DAY)
            minis += [path.step(MINI) for _ in range(steps)]
        progress.done()
    result |= {"mini_batches": _timings(minis, MINI), "day_batches": _timings(days, DAY)}
    parts: list[tuple[str, str, Callable[[], dict[str, Any]]]] = [
        ("algorithm1", "algorithm1, the paper's preset", lambda: _algorithm1(bundle, examples)),
        ("growth", f"{large:,} examples", lambda: _growth(bundle, large, steps // 2)),
        ("recomputation", "recomputation", lambda: _recomputation(bundle, examples, steps // 2)),
        (
            "worker",
            "the worker and a bare agent",
            lambda: measure_throughput(bundle, backlog, look_seconds),
        ),
    ]
    for name, about, part in parts:
        progress.begin(about)
        result[name] = part()
        gc.collect()
        progress.done()
    return result


def _timings(timed: Sequence[Timed], records: int) -> dict[str, Any]:
    """Quantiles over all batches, and the mean of each stage."""
    return {
        "records": records,
        "batches": len(timed),
        "wall_seconds": _quantiles([each.total for each in timed]),
        "processor_seconds": _quantiles([each.processor for each in timed]),
        "stage_mean_seconds": {
            stage: float(np.mean([each.stages[stage] for each in timed])) for stage in STAGES
        },
    }


def _quantiles(seconds: Sequence[float]) -> dict[str, float]:
    p50, p99 = np.quantile(seconds, [0.5, 0.99])
    return {"p50": float(p50), "p99": float(p99), "max": float(max(seconds))}


def _algorithm1(bundle: Bundle, examples: int) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory() as place,
        WorkerPath(Path(place), bundle, 0, "algorithm1", **PAPER_SETTINGS) as path,
    ):
        return _timings(path.fill(examples, DAY), DAY)


def _growth(bundle: Bundle, large: int, steps: int) -> dict[str, Any]:
    """One update of the same size on a small and on a large corpus, turn by turn."""
    small = large // 20
    with ExitStack() as stack:
        paths = []
        for seed, examples in ((0, small), (1, large)):
            place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            path = stack.enter_context(WorkerPath(place, bundle, seed))
            path.fill(examples, DAY)
            paths.append(path)
        turns = [[path.step(MINI) for path in paths] for _ in range(steps)]
    timings = [_timings(each, MINI) for each in zip(*turns, strict=True)]
    return {
        "small": {"examples": small} | timings[0],
        "large": {"examples": large} | timings[1],
        "ratio_wall": _ratio(timings, "wall_seconds"),
        "ratio_processor": _ratio(timings, "processor_seconds"),
    }


def _ratio(timings: Sequence[dict[str, Any]], clock: str) -> float:
    return float(timings[1][clock]["p50"] / timings[0][clock]["p50"])


def _recomputation(bundle: Bundle, examples: int, steps: int) -> dict[str, Any]:
    """Route and play a few new examples, beside doing all games, or everything, anew."""
    config = replace(EngineConfig(), tau=bundle.tau)
    batches = _embedded(bundle, examples, steps)
    whole = next(batches)
    engine = Engine.from_seed(config, len(bundle.classes), bundle.validation, bundle.seed)
    for start in range(0, examples, MINI):
        engine.apply(whole.slice(start, start + MINI))
    incremental: dict[int, list[float]] = {1: [], 15: [], MINI: []}
    for batch in batches:
        stop = 0
        for records, seconds in incremental.items():
            part = batch.slice(stop, stop + records)
            stop += records
            seconds.append(_seconds(partial(engine.apply, part)))
    rounds = range(3)
    replayed = [_seconds(lambda: _replayed(engine, bundle)) for _ in rounds]
    rebuilt = [_seconds(lambda: _rebuilt(config, bundle, whole)) for _ in rounds]
    replay, rebuild = float(np.median(replayed)), float(np.median(rebuilt))
    return {
        "replay_seconds": replay,
        "rebuild_seconds": rebuild,
        "incremental": [
            {
                "records": records,
                "seconds": float(np.median(seconds)),
                "replay_ratio": replay / float(np.median(seconds)),
                "rebuild_ratio": rebuild / float(np.median(seconds)),
            }
            for records, seconds in incremental.items()
        ],
    }


def _embedded(bundle: Bundle, examples: int, steps: int) -> Iterator[Batch]:
    """Yield ``examples`` of them, then ``steps`` batches of new ones, as the engine takes them."""
    feed = Feed(0)
    validator = SessionValidator(bundle.schema, bundle.classes, load_settings().max_message_bytes)
    for records in (examples, *[1 + 15 + MINI] * steps):
        yield validate_records(
            validator, ("experiment", 0), feed.take(records), ProvidersById()
        ).batch(bundle)


def _replayed(engine: Engine, bundle: Bundle) -> None:
    """Play every game on the same tree."""
    state = engine.state()
    unplayed = replace(state, header=replace(state.header, records=0))
    Engine(engine.config, len(bundle.classes), bundle.validation, unplayed).play()


def _rebuilt(config: EngineConfig, bundle: Bundle, whole: Batch) -> None:
    """Cut the hierarchy from all examples, route them and play every game."""
    at_once = replace(config, update_size=min(len(whole), MOST_PLAYERS - config.leaf_size))
    seed = build_seed(whole.embeddings, at_once)
    Engine.from_seed(at_once, len(bundle.classes), bundle.validation, seed).apply(whole)


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began
