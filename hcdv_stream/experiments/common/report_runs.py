"""A measurement of every report set, under kinds of wrong labels and seeds."""

from collections.abc import Callable, Iterable
from typing import Any

from hcdv_stream.experiments.common.datasets import Dataset
from hcdv_stream.experiments.common.split_sets import REPORT, read_set
from hcdv_stream.experiments.experiment import ExperimentOptions, ExperimentProgress

SMALL_SETS = ("ring",)


def report_runs(
    options: ExperimentOptions,
    progress: ExperimentProgress,
    noises: Iterable[str],
    most_rows: int,
    measure: Callable[[Dataset, str, int], Any],
) -> list[Any]:
    """Return ``measure(set, noise, seed)`` of every set, kind of wrong labels and seed.

    Sets have at most ``most_rows`` rows. A small run has SMALL_SETS alone.
    """
    sets = SMALL_SETS if options.small else tuple(REPORT)
    kinds = tuple(noises)
    progress.plan(options.seeds * len(sets) * len(kinds))
    runs = []
    for seed in range(options.seeds):
        for name in sets:
            data = read_set(REPORT, name, options.data, most_rows)
            for noise in kinds:
                progress.begin(f"{name}, {noise}, seed {seed}")
                runs.append(measure(data, noise, seed))
                progress.done()
    return runs
