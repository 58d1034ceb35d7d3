"""Where the leaf size and the advice on members of ``HCDV.fit`` come from: sets to tune on.

One parameter at a time: leaves of several sizes with one member, and several members with leaves of
the default size. Eight sets, which no result is reported on, are cut to at most 3,000 rows: a
quarter scores models, 15% with right labels are V, and of the others none, 10% or 20% of the labels
are flipped. `AUROC` is inside classes; `AP` is the average precision of one list. `select` and
`top` are points of AUC of gradient boosting on 30% that the values choose, above a random 30%.
Seconds are of the processor, for the encoders, the trees and the values, on one thread. `stderr` is
the root mean square of the standard errors over that of the first row. All but `clean` is of
flipped labels.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from hcdv_stream.estimator import HCDV
from hcdv_stream.experiments.common.split_sets import FIRST_TUNING_SEED, TUNING, read_set
from hcdv_stream.experiments.experiment import (
    ExperimentOptions,
    ExperimentProgress,
    Result,
    ResultTable,
)
from hcdv_stream.experiments.members.task import CLEAN, FitTask, chosen, fit_task, fitted

NOISES, SMALL_NOISES = (CLEAN, "10% flipped", "20% flipped"), (CLEAN, "20% flipped")
ROWS, SMALL_ROWS = 3000, 300
SMALL_SETS = ("phoneme",)
LEAF_SIZES, SMALL_LEAF_SIZES = (128, 512, 1024), (64, 128)
MEMBERS, SMALL_MEMBERS = (2, 4), (2,)
LEAF, MEMBER = "leaf size", "members"


def run(options: ExperimentOptions, progress: ExperimentProgress) -> Result:
    """Fit every set under every kind of wrong labels and seed with every choice."""
    sets = SMALL_SETS if options.small else tuple(TUNING)
    noises = SMALL_NOISES if options.small else NOISES
    seeds = [FIRST_TUNING_SEED + place for place in range(options.seeds)]
    progress.plan(len(seeds) * len(sets) * len(noises))
    runs: list[dict[str, Any]] = []
    for seed in seeds:
        for name in sets:
            data = read_set(TUNING, name, options.data, SMALL_ROWS if options.small else ROWS)
            for noise in noises:
                progress.begin(f"{name}, {noise}, seed {seed}")
                task = fit_task(data, noise, seed)
                about = {"set": name, "noise": noise, "seed": seed, "examples": len(task.rows)}
                runs += [about | each for each in _tried(task, options.small)]
                progress.done()
    return {"experiment": "members", "seeds": seeds, "runs": runs}


def _tried(task: FitTask, small: bool) -> Iterator[dict[str, Any]]:
    doubts = None
    for size in SMALL_LEAF_SIZES if small else LEAF_SIZES:
        hcdv, found = fitted(task, HCDV(leaf_size=size, random_state=task.seed))
        doubts = np.asarray(hcdv.doubt_) if doubts is None else doubts
        yield {"parameter": LEAF, "value": size, **found, **chosen(task, hcdv, doubts)}
    if not task.noisy.wrong.any():
        return
    for members in SMALL_MEMBERS if small else MEMBERS:
        _, found = fitted(task, HCDV(members=members, random_state=task.seed))
        yield {"parameter": MEMBER, "value": members, **found}


COLUMNS = ("AUROC", "AP", "select, clean", "select, flipped", "top, clean", "top, flipped")


def tables(result: Result) -> list[ResultTable]:
    """Return each choice's means, and its AUROC by set."""
    runs = result["runs"]
    sets = list(dict.fromkeys(run["set"] for run in runs))
    seeds = len(result["seeds"])
    note = f"Means over {len(sets)} sets, kinds of labels and {seeds} seed{'s' * (seeds > 1)}."
    return [
        ResultTable(
            "Leaves and members of `fit`",
            ("parameter", "value", *COLUMNS, "seconds", "stderr"),
            [(*map(str, key), *_means(own, _choices(runs)[0][1])) for key, own in _choices(runs)],
            note,
        ),
        ResultTable(
            "Leaves and members of `fit`, AUROC by set",
            ("parameter", "value", *sets),
            [
                (*map(str, key), *(_auroc(own, name) for name in sets))
                for key, own in _choices(runs)
            ],
            note,
        ),
    ]


Runs = Sequence[Mapping[str, Any]]


def _choices(runs: Runs) -> list[tuple[tuple[str, int], Runs]]:
    keys = dict.fromkeys((run["parameter"], run["value"]) for run in runs)
    return [(key, [run for run in runs if (run["parameter"], run["value"]) == key]) for key in keys]


def _means(own: Runs, base: Runs) -> Iterator[str]:
    clean = [run for run in own if run["noise"] == CLEAN]
    flipped = [run for run in own if run["noise"] != CLEAN]
    yield from (_mean(flipped, name, "{:.3f}") for name in ("auroc", "ap"))
    yield from (_mean(part, n, "{:+.2f}") for n in ("select", "top") for part in (clean, flipped))
    yield _mean(flipped, "processor_seconds", "{:.2f}")
    pairs = zip(flipped, [run for run in base if run["noise"] != CLEAN], strict=True)
    yield f"{np.mean([run['stderr'] / first['stderr'] for run, first in pairs]):.2f}"


def _mean(runs: Runs, measure: str, form: str) -> str:
    """Return a cell, empty where nothing was measured."""
    found = [run[measure] for run in runs if measure in run]
    return form.format(float(np.mean(found))) if found else ""


def _auroc(own: Runs, name: str) -> str:
    flipped = [run for run in own if run["set"] == name and run["noise"] != CLEAN]
    return _mean(flipped, "auroc", "{:.3f}")
