"""Training data chosen from eight report sets, on which nothing was tuned, beside other rules.

Each set is cut to at most 2,400 rows: 30% score models, 10% with right labels are V, and the others
are chosen from. Figures are points of AUC of gradient boosting on the chosen share, above a random
draw of the same size. They are means over three draws, with more than two classes of one. Every
rule but `random` draws as many from each class, so that only what they drop differs; `even draw`
drops nothing.
"""

import time
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from hcdv_stream.experiments.common.report_runs import report_runs
from hcdv_stream.experiments.experiment import ExperimentOptions, ExperimentProgress, Result
from hcdv_stream.experiments.selection.report import result
from hcdv_stream.experiments.selection.rules import (
    CLEAN,
    NOISES,
    RULES,
    SelectionTask,
    selection_task,
)

ROWS, SMALL_ROWS = 2400, 300
SHARES, SMALL_SHARES = (0.1, 0.3, 0.5), (0.3,)
DRAWS, DRAWS_OF_MANY_CLASSES = 3, 1
"""Models trained per share: of many classes they take ten times as long and differ less."""
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
    draws = DRAWS if len(np.unique(task.labels)) == 2 else DRAWS_OF_MANY_CLASSES
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
                            for draw in range(draws)
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
