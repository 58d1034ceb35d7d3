"""What values say after a change of concept, and whether the alarm says it in time.

Eight report sets, which no rule was tuned on, and three that rules were tuned on, marked so. From
one session on each label is the next class's (of two classes: the other's): all labels, or beyond a
random plane those of a half or a fifth of the sessions. A day of trusted sessions comes with the
change. A dead example is an old one that was true before the change and is not any more; the AUC is
that of finding these among those that are true at the end, by low value, inside each class. The
alarm's delay is the share of the sessions after the change that had come when it sounded.
``doctor`` looks at V after every poll of 150 sessions. Twenty streams without a change tell the
false alarms.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from hcdv_stream.experiments.common.datasets import Dataset, adult, clickstream, online_shoppers
from hcdv_stream.experiments.common.split_sets import REPORT, read_set
from hcdv_stream.experiments.drift.strategies import WAYS, Alarm, StreamedTask, extra_trees
from hcdv_stream.experiments.drift.task import DriftTask, drift_task, without_trusted
from hcdv_stream.experiments.experiment import ExperimentOptions, ExperimentProgress, Result
from hcdv_stream.experiments.marketplace.many_markets import without_gaps
from hcdv_stream.runtime.blas import one_blas_thread

CHANGED = (1.0, 0.5, 0.2)
STATIONARY = 10
"""Streams without a change, of the report sets and as many of those that rules were tuned on."""
_SIZE = 12_000

Readers = Sequence[Callable[[int], Dataset]]


def run(options: ExperimentOptions, progress: ExperimentProgress) -> Result:
    """Stream every set under every seed, with a change, and twenty streams without one."""
    seeds = list(range(options.seeds))
    kinds = {False: tuned_sets(options)}
    if not options.small:
        kinds[True] = report_sets(options)
    quiet = 1 if options.small else STATIONARY
    progress.plan(sum(len(seeds) * len(sets) * len(CHANGED) + quiet for sets in kinds.values()))
    runs: list[dict[str, Any]] = []
    stationary: list[dict[str, Any]] = []
    with one_blas_thread():
        for report, sets in kinds.items():
            for number in range(quiet):
                data = sets[number % len(sets)](number)
                progress.begin(f"stationary {number}: {data.name}")
                found = stationary_run(data, number, options.small)
                stationary.append({"report": report} | found)
                progress.done()
            for seed in seeds:
                for data in (read(seed) for read in sets):
                    for changed in CHANGED:
                        progress.begin(f"seed {seed}: {data.name}, {changed:.0%} changed")
                        found = changed_run(data, seed, changed, options.small)
                        runs.append({"report": report} | found)
                        progress.done()
        months = months_run(options)
    return {
        "experiment": "drift",
        "seeds": seeds,
        "runs": runs,
        "stationary": stationary,
        "months": months,
    }


def tuned_sets(options: ExperimentOptions) -> Readers:
    """Return readers of the sets that rules saw, from a seed that only the simulator minds."""
    return [
        lambda _: online_shoppers(options.data),
        lambda _: adult(options.data, _SIZE),
        lambda seed: clickstream(_SIZE, seed),
    ]


def report_sets(options: ExperimentOptions) -> Readers:
    """Return readers of the sets that no rule saw."""

    def reader(name: str) -> Callable[[int], Dataset]:
        return lambda _: without_gaps(read_set(REPORT, name, options.data, _SIZE))

    return [reader(name) for name in REPORT]


def changed_run(data: Dataset, seed: int, changed: float, small: bool = False) -> dict[str, Any]:
    """Return what each way makes of one stream with a change."""
    task = drift_task(data, seed, changed, small)
    valued = without_trusted(task)
    ways = {name: _scores(valued, way(task)) for name, way in WAYS.items()}
    doubts = extra_trees(task, seed)
    return {
        "set": data.name,
        "seed": seed,
        "changed": changed,
        "ways": ways,
        "forest": dead_auc(valued, doubts),
        "trusted_after": int((task.trusted & ~task.old).sum()),
    }


def stationary_run(data: Dataset, seed: int, small: bool = False) -> dict[str, Any]:
    """Return how many alarms sound in a stream without a change."""
    task = drift_task(data, seed, 0.0, small)
    streamed = {name: WAYS[name](task) for name in ("V frozen", "V moving")}
    return {
        "set": data.name,
        "seed": seed,
        "sessions": len(task.batch),
        "alarms": {name: len(each.alarms) for name, each in streamed.items()},
        "warned": {
            name: each.doctor.warned_before or each.doctor.warned is not None
            for name, each in streamed.items()
        },
    }


def months_run(options: ExperimentOptions) -> list[dict[str, Any]]:
    """Value Online Shoppers in the order of its months, whose drift is real."""
    whole = online_shoppers(options.data)
    months = ["Feb", "Mar", "May", "June", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    ranks = np.array([months.index(str(month)) for month in whole.columns["Month"]])
    data = whole.take(np.argsort(ranks, kind="stable"))
    found = []
    for seed in range(options.seeds):
        task = drift_task(data, seed, 0.0, options.small, ordered=True)
        valued = without_trusted(task)
        ratios = {name: _ratio(valued, way(task).values) for name, way in WAYS.items()}
        found.append({"seed": seed, "ratios": ratios})
    return found


def dead_auc(valued: DriftTask, scores: npt.NDArray[np.float64]) -> float | None:
    """AUC of low scores for dead examples among true ones, mean over classes that have both."""
    found = []
    for label in range(len(valued.classes)):
        own = (valued.batch.labels == label) & (valued.dead | valued.right)
        if len(np.unique(valued.dead[own])) == 2:
            found.append(roc_auc_score(valued.dead[own], -scores[own]))
    return float(np.mean(found)) if found else None


def _scores(valued: DriftTask, streamed: StreamedTask) -> dict[str, Any]:
    return {
        "dead": dead_auc(valued, streamed.values),
        "dead_by_v_alone": dead_auc(valued, streamed.trusting),
        "ratio": _ratio(valued, streamed.values),
        "evaluators": streamed.evaluators,
        "doctor": asdict(streamed.doctor),
        **_alarms(streamed.alarms),
    }


def _alarms(alarms: Sequence[Alarm]) -> dict[str, Any]:
    """Return the first alarm's delay after the change, and how many sounded before it."""
    after = [alarm.after for alarm in alarms if alarm.after > 0]
    return {
        "delay": min(after, default=None),
        "sessions": min((alarm.sessions for alarm in alarms if alarm.after > 0), default=None),
        "early": sum(alarm.after == 0 for alarm in alarms),
        "whose": sorted({alarm.whose for alarm in alarms if alarm.after > 0}),
    }


def _ratio(valued: DriftTask, values: npt.NDArray[np.float64]) -> float:
    """Mean value of an old example over that of a new one."""
    return float(values[valued.old].mean() / values[~valued.old].mean())
