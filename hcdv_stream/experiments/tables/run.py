"""The paper's Tables 1 and 2 on this machine: utility at 30%, stability, time, method by method.

Around its Table 1 the paper names neither the model that is trained nor wrong labels, and made-up
clicks stand for its 45 million Criteo rows: its figures stand beside ours as landmarks. Its HCDV
is our "HCDV as printed"; "HCDV" is the default game.

Set-up: the sets are cut as ``protocol`` says, a tenth of the labels made wrong (one in a hundred of
the clicks); every method values the same examples, whose embedding (the project's contrastive
encoder) and V they share. Gradient boosting is trained on the top or the selected 30% and evaluated
on clean rows by the paper's metric for the set (``benchmark_judge``); what stability means is said
in ``benchmark_stability``.

``select`` draws at random and is averaged over three draws, RANDOM's ranking over three too. Beside
the methods stand a random 30% of the examples whose label is right, as they come or class-even as
``select`` draws, and all examples. Wall time is that of a machine that others use too.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hcdv_stream.experiments.common.cases import ExperimentCase, prepare
from hcdv_stream.experiments.common.datasets import Dataset, DatasetError
from hcdv_stream.experiments.common.measures import Rows, top
from hcdv_stream.experiments.common.methods import COSTS, Valued, timed
from hcdv_stream.experiments.common.scores import DRAWS, SHARE, spread_of
from hcdv_stream.experiments.experiment import ExperimentOptions, ExperimentProgress, Result
from hcdv_stream.experiments.tables.datasets import Benchmark, benchmarks
from hcdv_stream.experiments.tables.downstream import utility
from hcdv_stream.experiments.tables.methods import RANDOM, Budget, methods
from hcdv_stream.experiments.tables.stability import stability, twice
from hcdv_stream.valuation.methods.baselines.random_values import chance
from hcdv_stream.valuation.selection import select

SMALL_ROWS: Mapping[str, int] = {
    "synthetic": 1000,
    "adult": 1000,
    "fashion-mnist": 400,
    "clicks": 4000,
}
FEWER = 4
"""How many times fewer the clicks are that show what size does to the time."""
BUDGET, SMALL_BUDGET = Budget(), Budget(200, 100)


def run(options: ExperimentOptions, progress: ExperimentProgress) -> Result:
    """Value every set that is there under every seed; a set that is not is named in ``skipped``."""
    seeds = list(range(options.seeds))
    budget = SMALL_BUDGET if options.small else BUDGET
    sets = benchmarks(options.data)
    progress.plan(len(sets) * len(seeds) + 1)
    runs: list[dict[str, Any]] = []
    skipped: dict[str, str] = {}
    between: dict[str, Any] = {}
    for each in sets:
        progress.begin(each.name)
        try:
            data = each.read(SMALL_ROWS[each.name] if options.small else each.rows)
        except DatasetError as error:
            skipped[each.name] = str(error)
            continue
        valued = []
        for seed in seeds:
            progress.begin(f"{each.name}, seed {seed}")
            found, values = _run(each, data, seed, budget)
            runs.append(found)
            valued.append(values)
            progress.done()
        between[each.name] = {
            name: stability([split[name] for split in valued]) for name in valued[0]
        }
    progress.begin("clicks, fewer")
    smaller = _costs(sets[-1], len(data) // FEWER, budget)
    progress.done()
    return {
        "experiment": "tables",
        "seeds": seeds,
        "budget": {"mcds": budget.mcds, "banzhaf": budget.banzhaf},
        "skipped": skipped,
        "runs": runs,
        "between_splits": between,
        "summary": summary(runs),
        "smaller": smaller,
    }


def _run(
    each: Benchmark, data: Dataset, seed: int, budget: Budget
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the run, and each method's values of the examples that are labelled right."""
    started = time.process_time()
    case = prepare(data, seed, share=each.flipped, test=each.test)
    encoder = time.process_time() - started
    found: dict[str, Any] = {}
    kept: dict[str, dict[int, float]] = {}
    right = ~case.flipped
    for name, method in methods(budget).items():
        valued, costs = timed(method, case)
        found[name] = (
            _scored(each, case, _rankings(name, case, valued))
            | costs
            | {"twice": twice(case, method)}
        )
        kept[name] = dict(
            zip(case.rows[right].tolist(), valued.values[right].tolist(), strict=True)
        )
    run = {
        "set": each.name,
        "seed": seed,
        "metric": each.metric,
        "valued": len(case.labels),
        "trusted": len(case.validation),
        "test": len(case.downstream.test_labels),
        "flipped": int(case.flipped.sum()),
        "flipped_share": each.flipped,
        "encoder_processor_seconds": encoder,
        "references": _references(each, case),
        "methods": found,
    }
    return run, kept


def _rankings(name: str, case: ExperimentCase, valued: Valued) -> list[Valued]:
    """Return what is evaluated: the one ranking of a method, or several of chance."""
    if name != RANDOM:
        return [valued]
    count = len(valued.values)
    return [Valued(chance(count, DRAWS * case.seed + draw).values) for draw in range(DRAWS)]


def _scored(each: Benchmark, case: ExperimentCase, rankings: Sequence[Valued]) -> dict[str, float]:
    generator = np.random.default_rng([case.seed, 2])
    turns = [rankings[draw % len(rankings)] for draw in range(DRAWS)]
    selected = [turn.selected(case.labels, SHARE, generator) for turn in turns]
    return {
        "top": _mean(each, case, [top(valued.values, SHARE) for valued in rankings]),
        "select": _mean(each, case, selected),
    }


def _references(each: Benchmark, case: ExperimentCase) -> dict[str, float]:
    """Return what a random SHARE of the rightly labelled is worth, as it comes or class-even."""
    generator = np.random.default_rng([case.seed, 1])
    right = np.flatnonzero(~case.flipped)
    size = min(round(SHARE * len(case.labels)), len(right))
    drawn = [generator.permutation(right)[:size] for _ in range(DRAWS)]
    alike, labels, share = np.ones(len(right)), case.labels[right], size / len(right)
    even = [right[select(alike, labels, share, "spread", generator)] for _ in range(DRAWS)]
    everyone = np.arange(len(case.labels))
    return {
        "clean": _mean(each, case, drawn),
        "clean_even": _mean(each, case, even),
        "everything": _mean(each, case, [everyone]),
    }


def _mean(each: Benchmark, case: ExperimentCase, choices: Sequence[Rows]) -> float:
    return float(np.mean([utility(each.metric, case.downstream, rows) for rows in choices]))


def _costs(each: Benchmark, rows: int, budget: Budget) -> dict[str, Any]:
    """Return what the methods take on other ``rows``, by which their growth is evaluated."""
    case = prepare(each.read(rows), 0, share=each.flipped, test=each.test)
    busy = "processor_seconds"
    spent = {name: timed(method, case)[1][busy] for name, method in methods(budget).items()}
    return {"valued": len(case.labels), busy: spent}


def summary(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return, per set, the mean and deviation over seeds of everything that a run measured."""
    return {
        name: _over([run for run in runs if run["set"] == name])
        for name in dict.fromkeys(run["set"] for run in runs)
    }


def _over(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    first = runs[0]
    return {
        **{name: first[name] for name in ("metric", "valued", "trusted", "test", "flipped_share")},
        "encoder_processor_seconds": spread_of([run["encoder_processor_seconds"] for run in runs]),
        "references": {
            name: spread_of([run["references"][name] for run in runs])
            for name in first["references"]
        },
        "methods": {
            name: {
                measure: spread_of([run["methods"][name][measure] for run in runs])
                for measure in ("top", "select", *COSTS)
            }
            | {
                measure: _known([run["methods"][name]["twice"][measure] for run in runs])
                for measure in ("variation", "agreement")
            }
            for name in first["methods"]
        },
    }


def _known(numbers: Sequence[float | None]) -> Mapping[str, float] | None:
    known = [number for number in numbers if number is not None]
    return spread_of(known) if known else None
