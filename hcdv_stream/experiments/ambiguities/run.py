"""What each reading of the printed Algorithm 1 comes to, and the level-structure value beside them.

One reading at a time is changed from the default, on part of Online Shoppers and of the simulator,
10% of the labels flipped, on seeds that ``quality`` never uses. v is a ridge classifier's balanced
accuracy on V plus λΔ̄; leaves have the closed form of the k-NN game unless said otherwise.
"""

import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from hcdv_stream.experiments.ambiguities.interpretations import (
    COUNTS,
    DEFAULT,
    Variant,
    choices,
    ridge_game,
    valued,
)
from hcdv_stream.experiments.common.cases import ExperimentCase, prepare
from hcdv_stream.experiments.common.datasets import clickstream, online_shoppers
from hcdv_stream.experiments.common.scores import MEASURES, References, score
from hcdv_stream.experiments.experiment import (
    ExperimentOptions,
    ExperimentProgress,
    Result,
    ResultTable,
)
from hcdv_stream.valuation.config import PAPER
from hcdv_stream.valuation.methods.level_structure import spread_by_context
from hcdv_stream.valuation.methods.levels import build_levels

FIRST_SEED = 100
SIZE, SMALL = 6000, 600


def run(options: ExperimentOptions, progress: ExperimentProgress) -> Result:
    """Score every choice on both sets and every seed."""
    seeds = [FIRST_SEED + index for index in range(options.seeds)]
    size = SMALL if options.small else SIZE
    tried = choices()
    rows: list[dict[str, Any]] = []
    spreads: list[dict[str, Any]] = []
    progress.plan(2 * len(seeds) * len(tried))
    for seed in seeds:
        for data in (online_shoppers(options.data), clickstream(seed=seed)):
            part = data.take(np.random.default_rng(seed).permutation(len(data))[:size])
            case = prepare(part, seed)
            references = References.of(case)
            for choice in tried:
                progress.begin(f"{case.name}, seed {seed}: {choice.option} {choice.value}")
                rows.append(_scored(case, references, choice))
                progress.done()
            spreads.append(_spread(case))
    return {
        "experiment": "ambiguities",
        "seeds": seeds,
        "parameters": {"T": PAPER.permutations, "M": PAPER.leaf_size, "λ": PAPER.contrast},
        "runs": rows,
        "spreads": spreads,
    }


def _scored(case: ExperimentCase, references: References, choice: Variant) -> dict[str, Any]:
    started = time.perf_counter()
    found, told = valued(case, choice)
    seconds = time.perf_counter() - started
    scores = score(case, found)
    return {
        "option": choice.option,
        "value": choice.value,
        "set": case.name,
        "seed": case.seed,
        "valued": len(case.labels),
        "seconds": seconds,
        "detection": scores["detection"],
        "top": 100 * (scores["top"] - references.random),
        "select": 100 * (scores["select"] - references.random),
        **told,
    }


def _spread(case: ExperimentCase) -> dict[str, Any]:
    levels = build_levels(case.embeddings, COUNTS)
    spread = spread_by_context(ridge_game(case), levels, 8, case.seed)
    return {"set": case.name, "seed": case.seed, "variance": spread.tolist()}


def tables(result: Result) -> list[ResultTable]:
    """Return the means over sets and seeds, and where the level-structure value's variance is."""
    grouped: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in result["runs"]:
        grouped[row["option"], row["value"]].append(row)
    usual = grouped[DEFAULT]
    cells = [(*key, *_cells(rows, usual)) for key, rows in grouped.items()]
    columns = (
        *("option", "value", "detection", "against default", "top 30%", "against default"),
        *("select 30%", "relative error", "lost leaves", "evaluations", "seconds"),
    )
    first, last = result["seeds"][0], result["seeds"][-1]
    played = ", ".join(f"{name} = {value}" for name, value in result["parameters"].items())
    note = (
        f"Means over two sets and seeds {first} to {last}, {result['runs'][0]['valued']:,} "
        "examples valued each; differences with their standard error over these runs. Top and "
        "select are points of AUC above a random 30%. The relative error is the root mean square "
        "standard error over the standard deviation of the values. Lost leaves are those where "
        "the order of the examples is not their game's, as its sum or the leaf's pot is not "
        f"positive. K = 16 and 8 per parent, {played}."
    )
    return [
        ResultTable("Interpretations of Algorithm 1", columns, cells, note),
        _spread_table(result),
    ]


def _cells(rows: Sequence[dict[str, Any]], usual: Sequence[dict[str, Any]]) -> list[str]:
    mean = {
        name: float(np.mean([row[name] for row in rows]))
        for name in (*MEASURES, "error", "unscalable", "evaluations", "seconds")
    }
    return [
        f"{mean['detection']:.3f}",
        _difference(rows, usual, "detection", 3),
        f"{mean['top']:+.2f}",
        _difference(rows, usual, "top", 2),
        f"{mean['select']:+.2f}",
        f"{mean['error']:.2f}" if mean["evaluations"] else "–",
        f"{mean['unscalable']:.0%}" if mean["evaluations"] else "–",
        f"{mean['evaluations']:,.0f}" if mean["evaluations"] else "–",
        f"{mean['seconds']:.1f}",
    ]


def _difference(
    rows: Sequence[dict[str, Any]], usual: Sequence[dict[str, Any]], name: str, digits: int
) -> str:
    """Return the mean difference of paired runs and its standard error."""
    if rows is usual or len(rows) < 2:
        return "–"
    pairs = [row[name] - other[name] for row, other in zip(rows, usual, strict=True)]
    stderr = np.std(pairs, ddof=1) / np.sqrt(len(pairs))
    return f"{np.mean(pairs):+.{digits}f} ± {stderr:.{digits}f}"


def _spread_table(result: Result) -> ResultTable:
    variances = np.array([spread["variance"] for spread in result["spreads"]])
    shares = (variances / variances.sum(axis=1, keepdims=True)).mean(axis=0)
    columns = [f"{10 * part}–{10 * part + 10}%" for part in range(len(shares))]
    note = "Share of the variance of marginals by the part of the corpus that came before."
    cells = [[f"{share:.2%}" for share in shares]]
    return ResultTable("Where the level-structure value's variance is", columns, cells, note)
