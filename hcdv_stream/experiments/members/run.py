"""Where the leaf size and the advice on members of ``HCDV.fit`` come from: sets to tune on.

One parameter at a time: leaves of several sizes with one member, and several members with leaves of
the default size. Eight sets, which no result is reported on, are cut to at most 3,000 rows: a fifth
with right labels is V, and of the others 10% or 20% of the labels are flipped. `AUROC` is inside
classes; `AP` is the average precision of one list. Seconds are of the processor, for encoders,
trees and values, on one thread.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score
from threadpoolctl import threadpool_limits

from hcdv_stream.estimator import HCDV
from hcdv_stream.experiments.common.measures import detection
from hcdv_stream.experiments.common.split_sets import FIRST_TUNING_SEED, TUNING, read_set
from hcdv_stream.experiments.experiment import (
    ExperimentOptions,
    ExperimentProgress,
    Result,
    ResultTable,
)
from hcdv_stream.experiments.label_errors.methods import DetectionTask, detection_task

NOISES, SMALL_NOISES = ("10% flipped", "20% flipped"), ("20% flipped",)
ROWS, SMALL_ROWS = 3000, 300
SMALL_SETS = ("phoneme",)
LEAF_SIZES, SMALL_LEAF_SIZES = (128, 512, 1024), (64, 128)
MEMBERS, SMALL_MEMBERS = (2, 4), (2,)
LEAF, MEMBER = "leaf size", "members"

Runs = Sequence[Mapping[str, Any]]


def run(options: ExperimentOptions, progress: ExperimentProgress) -> Result:
    """Fit every set under every kind of wrong labels and seed with every choice."""
    sets = SMALL_SETS if options.small else tuple(TUNING)
    noises = SMALL_NOISES if options.small else NOISES
    seeds = [FIRST_TUNING_SEED + place for place in range(options.seeds)]
    progress.plan(len(seeds) * len(sets) * len(noises))
    runs: list[dict[str, Any]] = []
    _load()
    for seed in seeds:
        for name in sets:
            data = read_set(TUNING, name, options.data, SMALL_ROWS if options.small else ROWS)
            for noise in noises:
                progress.begin(f"{name}, {noise}, seed {seed}")
                runs += _tried(detection_task(data, noise, seed), options.small)
                progress.done()
    return {"experiment": "members", "seeds": seeds, "runs": runs}


def _load() -> None:
    """Fit once, so that the first measured fit does not have the loading of torch in it."""
    rows = np.arange(40.0)[:, None]
    HCDV(encoder_options={"epochs": 1}).fit(rows, np.arange(40) % 2)


def _tried(task: DetectionTask, small: bool) -> Iterator[dict[str, Any]]:
    for size in SMALL_LEAF_SIZES if small else LEAF_SIZES:
        hcdv = HCDV(leaf_size=size, random_state=task.seed)
        yield {"parameter": LEAF, "value": size, **_measured(task, hcdv)}
    for members in SMALL_MEMBERS if small else MEMBERS:
        hcdv = HCDV(members=members, random_state=task.seed)
        yield {"parameter": MEMBER, "value": members, **_measured(task, hcdv)}


def _measured(task: DetectionTask, hcdv: HCDV) -> dict[str, Any]:
    labels, wrong = task.noisy.labels, task.noisy.wrong
    with threadpool_limits(limits=1):
        busy = time.process_time()
        hcdv.fit(task.rows, labels, task.trusted.rows, task.trusted.labels)
        values = np.asarray(hcdv.values_)
        busy = time.process_time() - busy
    return {
        "set": task.name,
        "noise": task.noise,
        "seed": task.seed,
        "examples": len(labels),
        "auroc": detection(values, labels, wrong),
        "ap": float(average_precision_score(wrong, -values)),
        "processor_seconds": busy,
    }


def tables(result: Result) -> list[ResultTable]:
    """Return each choice's means, and its AUROC by set."""
    runs = result["runs"]
    sets = list(dict.fromkeys(run["set"] for run in runs))
    count = len(_choices(runs)[0][1])
    note = f"Means over {count} runs (sets × shares of flips × seeds)."
    if missing := [name for name in TUNING if name not in sets]:
        note += f" Not measured: {', '.join(missing)}."
    return [
        ResultTable(
            "Leaves and members of `fit`",
            ("parameter", "value", "AUROC", "AP", "processor seconds"),
            [(*key, *_means(own)) for key, own in _choices(runs)],
            note,
        ),
        ResultTable(
            "Leaves and members of `fit`, AUROC by set",
            ("parameter", "value", *sets),
            [
                (
                    *key,
                    *(_mean([run for run in own if run["set"] == name], "auroc") for name in sets),
                )
                for key, own in _choices(runs)
            ],
            note,
        ),
    ]


def _choices(runs: Runs) -> list[tuple[tuple[str, str], Runs]]:
    keys = dict.fromkeys((run["parameter"], run["value"]) for run in runs)
    return [
        ((name, f"{value:,}"), [r for r in runs if (r["parameter"], r["value"]) == (name, value)])
        for name, value in keys
    ]


def _means(own: Runs) -> Iterator[str]:
    yield from (_mean(own, name) for name in ("auroc", "ap"))
    yield f"{np.mean([run['processor_seconds'] for run in own]):.2f}"


def _mean(runs: Runs, measure: str) -> str:
    return f"{np.mean([run[measure] for run in runs]):.3f}"
