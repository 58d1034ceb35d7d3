"""Training data chosen from eight report sets, on which nothing was tuned, beside other rules.

Each set is cut to at most 2,400 rows: 30% score models, 10% with right labels are V, and the others
are chosen from. Figures are points of AUC of gradient boosting on the chosen share, above a random
draw of the same size. Every rule but `random` draws as many from each class, so that only what
they drop differs; `even draw` drops nothing.
"""

import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from hcdv_stream.experiments.common.report_runs import report_runs
from hcdv_stream.experiments.common.scores import spread_of
from hcdv_stream.experiments.experiment import (
    ExperimentOptions,
    ExperimentProgress,
    Result,
    ResultTable,
)
from hcdv_stream.experiments.selection.rules import (
    CLEAN,
    OURS,
    RANDOM,
    RULES,
    SelectionTask,
    selection_task,
)

ROWS, SMALL_ROWS = 2400, 300
NOISES = (CLEAN, "10% flipped", "20% flipped", "one class")
SHARES, SMALL_SHARES = (0.1, 0.3, 0.5), (0.3,)
DRAWS = 3
_STREAM = 0x5365
SMALL_NOISES = (CLEAN, "20% flipped")


def run(options: ExperimentOptions, progress: ExperimentProgress) -> Result:
    """Choose from every set under every kind of wrong labels and seed by every rule."""
    noises = SMALL_NOISES if options.small else NOISES
    shares = SMALL_SHARES if options.small else SHARES
    rows = SMALL_ROWS if options.small else ROWS
    return result(
        report_runs(
            options,
            progress,
            noises,
            rows,
            lambda data, noise, seed: chosen(selection_task(data, noise, seed), shares),
        )
    )


def chosen(task: SelectionTask, shares: Sequence[float] = SHARES) -> dict[str, Any]:
    """Train on what each rule chooses of one task."""
    rules: dict[str, Any] = {}
    for name, rule in RULES.items():
        with threadpool_limits(limits=1), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # rivals' advice on solvers
            busy = time.process_time()
            choose = rule(task)
            choose(shares[0], _generator(task, 0))
            spent = time.process_time() - busy
            utility = {
                f"{share:.0%}": float(
                    np.mean(
                        [
                            task.downstream.utility(choose(share, _generator(task, draw)))
                            for draw in range(DRAWS)
                        ]
                    )
                )
                for share in shares
            }
        rules[name] = {"auc": utility, "processor_seconds": spent}
    return {"set": task.name, "noise": task.noise, "seed": task.seed, "rules": rules}


def _generator(task: SelectionTask, draw: int) -> np.random.Generator:
    """Return what a rule draws from; no rule's draws depend on which labels are wrong."""
    return np.random.default_rng([_STREAM, draw, task.seed])


def result(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the document of these runs."""
    shares = list(runs[0]["rules"][RANDOM]["auc"])
    noises = list(dict.fromkeys(run["noise"] for run in runs))
    sets = list(dict.fromkeys(run["set"] for run in runs))
    return {
        "experiment": "selection",
        "seeds": sorted({run["seed"] for run in runs}),
        "runs": list(runs),
        "summary": {
            "noises": {
                noise: _over([run for run in runs if run["noise"] == noise], shares)
                for noise in noises
            },
            "sets, clean": {
                name: _over(
                    [run for run in runs if run["set"] == name and run["noise"] == CLEAN], shares
                )
                for name in sets
            },
        },
    }


def _over(runs: Sequence[Mapping[str, Any]], shares: Sequence[str]) -> dict[str, Any]:
    return {
        rule: {share: spread_of([_points(run, rule, share) for run in runs]) for share in shares}
        for rule in RULES
        if rule != RANDOM
    }


def _points(run: Mapping[str, Any], rule: str, share: str) -> float:
    rules = run["rules"]
    return 100.0 * float(rules[rule]["auc"][share] - rules[RANDOM]["auc"][share])


def tables(result: Result) -> list[ResultTable]:
    """Return points above random by kind of wrong labels, and by set for clean ones."""
    seeds = len(result["seeds"])
    count = f"Mean ± sd over {len(result['runs'])} runs, {seeds} seed{'s' * (seeds > 1)}"
    note = f"{count}; points of AUC above a random draw of the same size."
    summed = result["summary"]
    missing = [kind for kind in NOISES if kind not in summed["noises"]]
    note += f" Not measured: {', '.join(missing)}." if missing else ""
    found = [_table(f"Selection: {noise}", each, note) for noise, each in summed["noises"].items()]
    rows = [
        (name, *(_number(each[OURS][share]) for share in each[OURS]))
        for name, each in summed["sets, clean"].items()
    ]
    columns = ("set", *next(iter(summed["sets, clean"].values()))[OURS])
    return [*found, ResultTable("Selection: `select` on clean labels, by set", columns, rows, note)]


def _table(title: str, each: Mapping[str, Any], note: str) -> ResultTable:
    rows = [(rule, *map(_number, shares.values())) for rule, shares in each.items()]
    return ResultTable(title, ("rule", *next(iter(each.values()))), rows, note)


def _number(spread: Mapping[str, float]) -> str:
    return f"{spread['mean']:+.2f} ± {spread['sd']:.2f}"
