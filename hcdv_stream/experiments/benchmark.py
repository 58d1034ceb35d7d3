"""The paper's Tables 1 and 2 on this machine: utility at 30%, stability, time, method by method.

Set-up: the sets are cut as ``protocol`` says, with labels flipped; every method values the same
examples, whose embedding (the project's contrastive encoder) and V they share. A random forest is
trained on the top or the selected 30% and judged on clean rows, by accuracy or AUC.

Stability: an example whose label is right and that several splits value has a value from each.
The coefficient of variation is the standard deviation over its splits, pooled, over the mean size
of its mean; it flatters a method whose values are far from 0. Agreement is the rank correlation
between two splits on the examples they share. Encoder, V, peers and tree all change between them.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, roc_auc_score

from hcdv_stream.experiments.benchmark_methods import Budget, methods
from hcdv_stream.experiments.benchmark_sets import Benchmark, benchmarks
from hcdv_stream.experiments.cases import Case, prepare
from hcdv_stream.experiments.datasets import Dataset, DatasetError
from hcdv_stream.experiments.experiment import Options, Progress, Result
from hcdv_stream.experiments.measures import Rows, Values, top
from hcdv_stream.experiments.protocol import part
from hcdv_stream.experiments.scores import SHARE, spread_of
from hcdv_stream.valuation.ranks import spearman
from hcdv_stream.valuation.selection import select

SIZES: Mapping[str, int] = {"synthetic": 3000, "adult": 4000, "fashion-mnist": 3000, "clicks": 8000}
FEWER, SMALL_FEWER = 2000, 600
"""The fewer clicks that show what size does to the time."""
SMALL_SIZES: Mapping[str, int] = {
    "synthetic": 400,
    "adult": 400,
    "fashion-mnist": 400,
    "clicks": 1000,
}
TREES = 50
BUDGET, SMALL_BUDGET = Budget(6000, 2000), Budget(200, 100)


def run(options: Options, progress: Progress) -> Result:
    """Value every set that is there under every seed; a set that is not is named in ``skipped``."""
    seeds = list(range(options.seeds))
    budget = SMALL_BUDGET if options.small else BUDGET
    runs: list[dict[str, Any]] = []
    skipped: dict[str, str] = {}
    valued: dict[str, list[dict[str, Any]]] = {}
    sizes = SMALL_SIZES if options.small else SIZES
    sets = benchmarks(options.data)
    progress.plan(len(sets) * len(seeds) + 1)
    for each in sets:
        for seed in seeds:
            progress.begin(f"{each.name}, seed {seed}")
            try:
                data = each.read(sizes[each.name], seed)
            except DatasetError as error:
                skipped[each.name] = str(error)
                break
            found, values = _run(each, data, seed, budget)
            runs.append(found)
            valued.setdefault(each.name, []).append(values)
            progress.done()
    progress.begin("clicks, fewer")
    smaller = _smaller(sets[-1], SMALL_FEWER if options.small else FEWER, budget)
    progress.done()
    return {
        "experiment": "tables",
        "seeds": seeds,
        "budget": {"mcds": budget.mcds, "banzhaf": budget.banzhaf},
        "skipped": skipped,
        "runs": runs,
        "summary": {
            name: _summary([run for run in runs if run["set"] == name], valued[name])
            for name in valued
        },
        "smaller": smaller,
    }


def _run(
    each: Benchmark, data: Dataset, seed: int, budget: Budget
) -> tuple[dict[str, Any], dict[str, Any]]:
    started = time.process_time()
    case = prepare(data, seed, share=each.flipped)
    encoder = time.process_time() - started
    found: dict[str, Any] = {}
    kept: dict[str, Values] = {}
    for name, method in methods(budget).items():
        wall, busy = time.perf_counter(), time.process_time()
        values = method(case)
        spent = {
            "seconds": time.perf_counter() - wall,
            "processor_seconds": time.process_time() - busy,
        }
        found[name] = _scored(each, case, values) | spent
        kept[name] = values
    rows = part(data.labels, np.random.default_rng(seed)).valued
    run = {
        "set": each.name,
        "seed": seed,
        "metric": each.metric,
        "valued": len(case.labels),
        "flipped": int(case.flipped.sum()),
        "encoder_processor_seconds": encoder,
        "methods": found,
    }
    return run, {"rows": rows, "right": ~case.flipped, "values": kept}


def _scored(each: Benchmark, case: Case, values: Values) -> dict[str, float]:
    generator = np.random.default_rng([case.seed, 2])
    chosen = select(values, case.labels, SHARE, "spread", generator)
    return {
        "top": _utility(each.metric, case, top(values, SHARE)),
        "select": _utility(each.metric, case, chosen),
    }


def _utility(metric: str, case: Case, rows: Rows) -> float:
    judge = case.judge
    forest = RandomForestClassifier(TREES, min_samples_leaf=2, random_state=case.seed)
    forest.fit(judge.candidates[rows], judge.labels[rows])
    if metric == "accuracy":
        return float(accuracy_score(judge.test_labels, forest.predict(judge.test)))
    if len(forest.classes_) < 2:
        return 0.5
    return float(roc_auc_score(judge.test_labels, forest.predict_proba(judge.test)[:, 1]))


def _summary(
    runs: Sequence[Mapping[str, Any]], valued: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    measures = ("top", "select", "seconds", "processor_seconds")
    names = list(runs[0]["methods"])
    return {
        "metric": runs[0]["metric"],
        "valued": runs[0]["valued"],
        "methods": {
            name: {m: spread_of([run["methods"][name][m] for run in runs]) for m in measures}
            | stability([_by_row(each, name) for each in valued])
            for name in names
        },
    }


def _by_row(each: Mapping[str, Any], name: str) -> dict[int, float]:
    right = each["right"]
    rows, values = each["rows"][right], each["values"][name][right]
    return dict(zip(rows.tolist(), values.tolist(), strict=True))


def stability(splits: Sequence[Mapping[int, float]]) -> dict[str, float | None]:
    """Return how far splits, each from examples to values, differ; None where none are shared.

    ``variation`` is the pooled standard deviation over splits by the mean size of an example's
    mean; ``agreement`` the rank correlation of two splits on what they share, averaged over pairs.
    """
    rows = sorted({row for split in splits for row in split})
    seen = [[split[row] for split in splits if row in split] for row in rows]
    several = [values for values in seen if len(values) > 1]
    size = np.mean([abs(np.mean(values)) for values in several]) if several else 0.0
    if not size:
        return {"variation": None, "agreement": None}
    spread = np.sqrt(np.mean([np.var(values, ddof=1) for values in several]))
    ranks = []
    for index, first in enumerate(splits):
        for second in splits[index + 1 :]:
            common = sorted(first.keys() & second.keys())
            if len(common) > 2:
                pair = [np.array([split[row] for row in common]) for split in (first, second)]
                ranks.append(float(spearman(pair[0], pair[1])))
    return {
        "variation": float(spread / size),
        "agreement": float(np.mean(ranks)) if ranks else None,
    }


def _smaller(each: Benchmark, size: int, budget: Budget) -> dict[str, Any]:
    """Return what the methods take on fewer clicks, by which their growth is judged."""
    found, _ = _run(each, each.read(size, 0), 0, budget)
    return {
        "valued": found["valued"],
        "processor_seconds": {
            name: each["processor_seconds"] for name, each in found["methods"].items()
        },
    }
