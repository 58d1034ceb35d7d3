"""What ``HCDV.fit`` costs as a data set grows, its encoder aside: no more than n log n.

Embeddings of blobs, 64 wide, two classes, 1,000 validation samples; ``fit`` and one reading of all
values. Wall-clock seconds, with the processor's own beside them, which other programs on the
machine do not lengthen.
"""

import gc
import math
import os
import resource
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_info

from hcdv_stream.estimator import HCDV
from hcdv_stream.experiments.experiment import (
    ExperimentOptions,
    ExperimentProgress,
    Result,
    ResultTable,
)
from hcdv_stream.runtime.blas import one_blas_thread

SIZES = (3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
DIMENSIONS, VALIDATION, BLOBS = 64, 1_000, 20
REPEATED = 100_000
"""Up to this size a measurement is repeated, and the median counts."""


class _Data(NamedTuple):
    X: npt.NDArray[np.float32]
    y: npt.NDArray[np.int64]


def run(options: ExperimentOptions, progress: ExperimentProgress) -> Result:
    """Measure every size; ``seeds`` is how often the smaller ones are measured."""
    sizes = (300, 1_300) if options.small else SIZES
    progress.plan(len(sizes))
    measured = []
    _fit(_blobs(sizes[0], 0), _blobs(VALIDATION, 0))
    for size in sizes:
        progress.begin(f"{size:,} samples")
        seeds = options.seeds if size <= REPEATED else 1
        measured.append(_measured(size, seeds))
        progress.done()
    with one_blas_thread():  # as ``fit`` has it
        threads = max(pool["num_threads"] for pool in threadpool_info())
    return {
        "experiment": "scaling",
        "processors": os.cpu_count(),
        "blas_threads": threads,
        "load_at_start": os.getloadavg()[0],
        "dimensions": DIMENSIONS,
        "validation": VALIDATION,
        "sizes": measured,
        "exponent": _exponent(measured),
    }


def tables(result: Result) -> Sequence[ResultTable]:
    """Return the one table; its last column is the cost over n log n, 1 for the smallest size."""
    first = result["sizes"][0]
    rows = [
        [
            f"{entry['samples']:,}",
            f"{entry['wall_seconds']:.2f}",
            f"{entry['processor_seconds']:.2f}",
            f"{1e6 * entry['processor_seconds'] / entry['samples']:.1f}",
            f"{entry['leaves']:,}",
            f"{entry['peak_memory_mib']:,.0f}",
            f"{_over_n_log_n(entry) / _over_n_log_n(first):.2f}",
        ]
        for entry in result["sizes"]
    ]
    columns = (
        "samples", "seconds", "processor seconds", "µs per sample", "leaves",
        "peak memory, MiB", "cost over n log n",
    )  # fmt: skip
    note = (
        f'`HCDV(encoder="identity").fit` and all values, {result["dimensions"]} dimensions, '
        f"{result['validation']:,} validation samples, {result['processors']} processors, "
        f"{result['blas_threads']} BLAS thread{'s' * (result['blas_threads'] > 1)}, load "
        f"{result['load_at_start']:.1f} at the start. Processor seconds grow as "
        f"n^{result['exponent']:.2f}; the last column is relative to the first row."
    )
    return [ResultTable("Cost of a fit", columns, rows, note)]


def _measured(size: int, seeds: int) -> dict[str, Any]:
    walls, processors, leaves = [], [], 0
    for seed in range(seeds):
        data, validation = _blobs(size, seed), _blobs(VALIDATION, 1000 + seed)
        gc.collect()
        wall, processor = time.perf_counter(), time.process_time()
        fitted = _fit(data, validation)
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
        leaves = fitted.provenance_["tree"]["leaves"]
        del fitted
    return {
        "samples": size,
        "repetitions": seeds,
        "wall_seconds": float(np.median(walls)),
        "processor_seconds": float(np.median(processors)),
        "leaves": leaves,
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _fit(data: _Data, validation: _Data) -> HCDV:
    fitted = HCDV(encoder="identity").fit(data.X, data.y, validation.X, validation.y)
    if not np.isfinite(fitted.values_).all():
        raise RuntimeError("a value is not finite")
    return fitted


def _blobs(samples: int, seed: int) -> _Data:
    """Return overlapping blobs, every other one of the second class."""
    centres = np.random.default_rng(7).normal(size=(BLOBS, DIMENSIONS)).astype(np.float32)
    generator = np.random.default_rng(seed)
    blob = generator.integers(0, BLOBS, samples)
    X = generator.standard_normal((samples, DIMENSIONS), dtype=np.float32)
    X += centres[blob]
    return _Data(X, blob % 2)


def _over_n_log_n(entry: dict[str, Any]) -> float:
    samples: int = entry["samples"]
    return float(entry["processor_seconds"]) / (samples * math.log(samples))


def _exponent(measured: Sequence[dict[str, Any]]) -> float:
    """Return the slope of log cost over log size."""
    logs = np.log([[each["samples"], each["processor_seconds"]] for each in measured])
    return float(np.polyfit(logs[:, 0], logs[:, 1], 1)[0])
