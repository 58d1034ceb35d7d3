"""Beside pyDVL 0.10 and OpenDataVal 1.3: the same values, how long they take, what they find.

Everything of one seed is measured in one run, on one thread each: the rivals in a process of the
interpreter that ``--python`` names, since they need numpy 1, then ours. One is made, in a copy of
the repository, by ``python3 -m venv rivals && rivals/bin/pip install --upgrade pip`` and
``rivals/bin/pip install --group rivals``. ``tmc`` asks for every
prefix of the same orders; ``tmc, truncated`` is everybody's own rule (ours: within 0.01 of the
whole; pyDVL: within 1% after 40% of an order; OpenDataVal: ten additions in a row without effect,
which an order that lacks a class for long meets at its start).
"""

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from sklearn.metrics import roc_auc_score

from hcdv_stream.errors import HcdvError
from hcdv_stream.experiments.common.scores import spread_of
from hcdv_stream.experiments.experiment import (
    ExperimentOptions,
    ExperimentProgress,
    Result,
    ResultTable,
)
from hcdv_stream.experiments.rivals.task import (
    SMALL,
    Contest,
    ContestSize,
    answers,
    contest,
    jobs_change_nothing,
    same_learner,
)
from hcdv_stream.valuation.methods.rank_correlation import spearman

CHILD = Path(__file__).with_name("child.py")
FIX = (
    "make one with `python3 -m venv rivals && rivals/bin/pip install --upgrade pip && "
    "rivals/bin/pip install --group rivals`"
)
RIVALS = {"pydvl": "pyDVL", "opendataval": "OpenDataVal"}
COMPARED = ("knn-shapley", "banzhaf", "tmc", "tmc, truncated")
CHECKED = 50
"""Coalitions on which our learner is held against scikit-learn's."""


def run(options: ExperimentOptions, progress: ExperimentProgress) -> Result:
    """Measure each seed; small makes the task tiny."""
    if options.python is None:
        raise HcdvError(f"rivals needs --python, an interpreter that has both; {FIX}")
    size = SMALL if options.small else ContestSize()
    progress.plan(2 * options.seeds)
    runs = []
    for seed in range(options.seeds):
        given = contest(seed, size)
        progress.begin(f"seed {seed}, rivals")
        theirs = rival_answers(given, options.python)
        progress.done()
        progress.begin(f"seed {seed}, ours")
        runs.append(compared(given, theirs))
        progress.done()
    return {"experiment": "rivals", "size": _fields(size), "runs": runs}


def rival_answers(given: Contest, python: Path) -> Mapping[str, Any]:
    """Have both rivals value the task, in a process of their interpreter."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    with tempfile.TemporaryDirectory() as folder:
        task, found = Path(folder, "task.npz"), Path(folder, "answers.json")
        np.savez(task, **given.arrays())
        command = [str(python), str(CHILD), str(task), str(found)]
        try:
            done = subprocess.run(
                command, env={**os.environ, **threads}, capture_output=True, check=False
            )
        except OSError as error:
            raise HcdvError(f"--python {python}: {error.strerror}; {FIX}") from error
        if done.returncode:
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise HcdvError(f"--python {python} cannot run the rivals: {' '.join(last)}; {FIX}")
        answered: Mapping[str, Any] = orjson.loads(found.read_bytes())
        return answered


def compared(given: Contest, theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Value the task ourselves and set the answers side by side."""
    ours = answers(given)
    methods: dict[str, Any] = {
        name: {"ours": _measured(given, answer)} for name, answer in ours.items()
    }
    for rival in RIVALS:
        for name in COMPARED:
            answer = theirs[rival]["methods"][name]
            values = np.array(answer["values"])
            methods[name][rival] = _measured(given, answer) | {
                "times_slower": _ratio(answer, ours[name], "processor_seconds"),
                "times_slower_by_the_clock": _ratio(answer, ours[name], "seconds"),
                "largest_difference": float(np.abs(values - ours[name]["values"]).max()),
                "rank_correlation": spearman(values, ours[name]["values"]),
            }
    return {
        "seed": given.seed,
        "versions": {rival: theirs[rival]["version"] for rival in RIVALS},
        "methods": methods,
        "learner_gap": same_learner(given, CHECKED),
        "jobs_change_nothing": jobs_change_nothing(given),
    }


def _measured(given: Contest, answer: Mapping[str, Any]) -> dict[str, float]:
    auc = roc_auc_score(given.wrong, -np.asarray(answer["values"]))
    figures = {name: float(answer[name]) for name in ("seconds", "processor_seconds", "models")}
    return {**figures, "auc": float(auc)}


def _ratio(theirs: Mapping[str, Any], ours: Mapping[str, Any], name: str) -> float:
    return float(theirs[name] / ours[name])


def _fields(size: ContestSize) -> dict[str, int]:
    return {name: getattr(size, name) for name in size.__dataclass_fields__}


def tables(result: Result) -> list[ResultTable]:
    """Return times and detection, and how well the values agree."""
    runs, size = result["runs"], result["size"]
    rows = []
    for name, first in runs[0]["methods"].items():
        for who in first:
            found = [run["methods"][name][who] for run in runs]
            rows.append((name, RIVALS.get(who, "ours"), *_cells(found)))
    note = (
        f"Digits, {size['valued']} examples, {size['judges']} judges, 10% wrong labels, "
        f"{size['subsets']} coalitions for Banzhaf, {size['orders']} orders for TMC, one thread; "
        f"{len(runs)} seeds, mean (standard deviation). Seconds are of the processor, which others "
        "on the machine do not lengthen; times ours is the least over the seeds. AUC of −value "
        "against the wrong labels. "
        "Largest difference and rank correlation are to our values; OpenDataVal's TMC weighs "
        "marginals in another way, its KNN-Shapley is timed in single precision and compared in "
        "double."
    )
    columns = (
        *("method", "by", "models", "seconds", "times ours", "AUC"),
        *("largest difference", "rank correlation"),
    )
    return [ResultTable("Beside pyDVL and OpenDataVal", columns, rows, note), _learner(runs)]


def _cells(found: Sequence[Mapping[str, float]]) -> tuple[str, ...]:
    seconds = spread_of([each["processor_seconds"] for each in found])
    auc = spread_of([each["auc"] for each in found])
    models = spread_of([each["models"] for each in found])
    cells = [f"{models['mean']:.0f}", f"{seconds['mean']:.3g}", "1"]
    cells += [f"{auc['mean']:.3f} ({auc['sd']:.3f})", "", ""]
    if "times_slower" in found[0]:
        cells[2] = f"{min(each['times_slower'] for each in found):.1f}"
        cells[4] = f"{max(each['largest_difference'] for each in found):.1e}"
        cells[5] = f"{min(each['rank_correlation'] for each in found):.3f}"
    return tuple(cells)


def _learner(runs: Sequence[Mapping[str, Any]]) -> ResultTable:
    rows = [
        (tolerance, f"{max(run['learner_gap'][tolerance] for run in runs):.1e}")
        for tolerance in runs[0]["learner_gap"]
    ]
    same = all(run["jobs_change_nothing"] for run in runs)
    note = (
        f"Largest difference of an accuracy over {CHECKED} coalitions a seed, both solvers "
        "stopping at that gradient. Two processes "
        f"{'give' if same else 'DO NOT give'} the values of one."
    )
    return ResultTable(
        "Our logistic regression and scikit-learn's", ("tolerance", "gap"), rows, note
    )
