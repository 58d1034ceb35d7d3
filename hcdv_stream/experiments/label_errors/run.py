"""Wrong labels found on eight report sets, beside what others would use.

Each set is cut to at most 1,500 rows. A fifth, whose labels are right, is V; of the others some
labels are made wrong, in eight ways. `AUROC` is inside classes: it is 0.5 for a method that only
tells classes apart. `AP` is the average precision of one list over all classes. `doubt` is
`HCDV.doubt_`; `doubt, frozen` comes from a model that was fitted on 40% of the rows, and counts
the others alone. All methods learn from V too. Processor seconds include every fit, on one thread.
Nothing was tuned on these sets, but for V's share: it was raised after a look at `ring`.
"""

import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score
from threadpoolctl import threadpool_limits

from hcdv_stream.experiments.common.measures import detection
from hcdv_stream.experiments.common.noise import NOISES, SYMMETRIC
from hcdv_stream.experiments.common.report_runs import report_runs
from hcdv_stream.experiments.common.scores import spread_of
from hcdv_stream.experiments.experiment import ExperimentOptions, ExperimentProgress, Result
from hcdv_stream.experiments.label_errors.methods import (
    DOUBT,
    FROZEN,
    METHODS,
    RIVALS,
    DetectionTask,
    detection_task,
)
from hcdv_stream.valuation.doubt.curve import binned

ROWS, SMALL_ROWS = 1500, 240
SMALL_NOISES = ("20% flipped", "a provider's block wrong")


def run(options: ExperimentOptions, progress: ExperimentProgress) -> Result:
    """Search every set under every kind of wrong labels and seed with every method."""
    noises = SMALL_NOISES if options.small else tuple(NOISES)
    rows = SMALL_ROWS if options.small else ROWS
    return result(
        report_runs(
            options,
            progress,
            noises,
            rows,
            lambda data, noise, seed: searched(detection_task(data, noise, seed)),
        )
    )


def searched(task: DetectionTask) -> dict[str, Any]:
    """Measure every method on one task."""
    methods = {}
    for name, method in METHODS.items():
        with threadpool_limits(limits=1), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # rivals' advice on solvers
            busy = time.process_time()
            scores = method(task)
            spent = time.process_time() - busy
        methods[name] = _measured(task, scores, name) | {"processor_seconds": spent}
    return {
        "set": task.name,
        "noise": task.noise,
        "seed": task.seed,
        "examples": len(task.rows),
        "trusted": len(task.trusted.labels),
        "wrong": int(task.noisy.wrong.sum()),
        "methods": methods,
    }


def _measured(task: DetectionTask, scores: Any, name: str) -> dict[str, float]:
    known = ~np.isnan(scores)
    wrong, labels = task.noisy.wrong[known], task.noisy.labels[known]
    measured = {
        "auroc": detection(scores[known], labels, wrong),
        "ap": float(average_precision_score(wrong, -scores[known])),
    }
    if name in {DOUBT, FROZEN}:
        measured["calibration_error"] = binned(-scores[known], wrong).error
        measured["mean_doubt"] = float(-scores[known].mean())
    return measured


def result(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the document of these runs."""
    seeds = sorted({run["seed"] for run in runs})
    return {
        "experiment": "label-errors",
        "seeds": seeds,
        "runs": list(runs),
        "summary": {
            "noises": _by(runs, "noise"),
            "sets, flipped": _by([run for run in runs if run["noise"] in SYMMETRIC], "set"),
            "sets": _by(runs, "set"),
            "all": _over(runs),
        },
        "claims": _claims(runs),
    }


def _by(runs: Sequence[Mapping[str, Any]], key: str) -> dict[str, Any]:
    names = dict.fromkeys(run[key] for run in runs)
    return {name: _over([run for run in runs if run[key] == name]) for name in names}


def _over(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        method: {
            measure: spread_of([run["methods"][method][measure] for run in runs])
            for measure in measures
        }
        for method, measures in (runs[0]["methods"] if runs else {}).items()
    }


def _claims(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return where doubt is ahead of every rival, by set and by kind of wrong labels."""
    flipped = _by([run for run in runs if run["noise"] in SYMMETRIC], "set")
    noises = _by(runs, "noise")
    return {
        "sets": len(flipped),
        "sets_ahead": {m: [n for n, e in flipped.items() if _ahead(e, m)] for m in ("auroc", "ap")},
        "noises": len(noises),
        "noises_ahead": {
            m: [n for n, e in noises.items() if _ahead(e, m)] for m in ("auroc", "ap")
        },
        "calibration_error": spread_of([_error(run) for run in runs]),
    }


def _error(run: Mapping[str, Any]) -> float:
    return float(run["methods"][DOUBT]["calibration_error"])


def _ahead(each: Mapping[str, Any], measure: str) -> bool:
    best = max(each[rival][measure]["mean"] for rival in RIVALS)
    return bool(each[DOUBT][measure]["mean"] > best)
