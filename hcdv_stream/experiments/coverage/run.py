"""How often a value's 95% interval, value ± 1.96 standard errors, holds what it should hold.

What it should hold is the example's expected value over draws of V, or of V and of the other
examples, at the same sizes: the mean over all draws, of which the one at hand is left out. A set's
rows are the population, drawn from with replacement: 250 for V, 1,000 for the corpus, of which 48
are the same in all draws and are watched. The encoder is frozen; it was trained on other rows. The
tree is the bundle's, made of these other rows, into which the examples stream; or it is cut from
each corpus anew, as `fit` does. A standard error takes the tree as given, so the last table shows
what that leaves out. `V` alone is drawn anew for a corpus and its own tree that stay: a standard
error has the competition of other examples in it, so its intervals are wide there.

`Student` takes the quantile of Student's t for |V_c| - 1 degrees of freedom, c the rarest class, in
place of 1.96. `sd` is the stated error (root mean square) over the spread of the values. `rarest
class` has the watched examples of one class alone, the one with the fewest rows. One watched
example in ten is covered less often than `a tenth below`. `evaluators` and `their sd` are of errors
that leave the competition out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student
from threadpoolctl import threadpool_limits

from hcdv_stream.estimator.parameters import usual_leaf_size
from hcdv_stream.experiments.common.datasets import Dataset
from hcdv_stream.experiments.common.scores import spread_of
from hcdv_stream.experiments.common.split_sets import REPORT, read_set
from hcdv_stream.experiments.coverage.draws import (
    Floats,
    RowSource,
    StatedValues,
    population,
    stated_values,
)
from hcdv_stream.experiments.experiment import (
    ExperimentOptions,
    ExperimentProgress,
    Result,
    ResultTable,
)

MOST_ROWS = 20_000
"""More than elsewhere: a population has to be larger than what is drawn from it."""
TRAINING, EXAMPLES, TRUSTED, TARGETS, DRAWS = 1000, 1000, 250, 48, 50
SMALL_SETS = ("ring",)
SMALL_TRAINING, SMALL_EXAMPLES, SMALL_DRAWS = 120, 200, 12

V_ALONE = "V"
STREAM = "V and examples, the bundle's tree"
CORPUS = "V and examples, a tree of their own"
KINDS = (V_ALONE, STREAM, CORPUS)

NORMAL = 1.959964
"""Quantile of the normal distribution that leaves 2.5% above it."""
GOAL = (0.93, 0.97)
_STREAM = 0x436F

Flags = npt.NDArray[np.bool_]


def run(options: ExperimentOptions, progress: ExperimentProgress) -> Result:
    """Draw for every set and seed, in three ways."""
    sets = SMALL_SETS if options.small else tuple(REPORT)
    progress.plan(options.seeds * len(sets) * len(KINDS))
    runs = []
    for seed in range(options.seeds):
        for name in sets:
            data = read_set(REPORT, name, options.data, MOST_ROWS)
            with threadpool_limits(limits=1):
                people = _population(data, seed, options.small)
                for kind in KINDS:
                    progress.begin(f"{name}, {kind}, seed {seed}")
                    measured = measure(people, kind, seed, options.small)
                    runs.append({"set": name, "seed": seed, "drawn": kind, **measured})
                    progress.done()
    return result(runs)


def _population(data: Dataset, seed: int, small: bool) -> RowSource:
    return population(data, SMALL_TRAINING if small else TRAINING, TARGETS, seed)


def measure(people: RowSource, kind: str, seed: int, small: bool = False) -> dict[str, Any]:
    """Draw many times and count how often the targets' intervals hold."""
    draws = drawn(people, kind, seed, small)
    values = np.stack([draw.values for draw in draws])
    labels = people.labels[people.targets]
    counts = np.bincount(people.labels, minlength=len(people.classes))
    rarest = labels == labels[np.argmin(counts[labels])]
    fewest = np.array([draw.fewest for draw in draws])
    students = student.ppf(0.975, np.maximum(fewest - 1, 1))[:, None]
    spread = float(np.mean(values.var(axis=0, ddof=1)))
    measured: dict[str, Any] = {"fewest_trusted": float(fewest.mean())}
    for name in ("stderr", "evaluators"):
        errors = np.stack([getattr(draw, name) for draw in draws])
        inside = held(values, NORMAL * errors)
        measured[name] = {
            "coverage": float(inside.mean()),
            "student": float(held(values, students * errors).mean()),
            "rarest_class": float(inside[:, rarest].mean()),
            "tenth_below": float(np.quantile(inside.mean(axis=0), 0.1)),
            "sd": float(np.sqrt(np.mean(errors**2) / spread)),
        }
    return measured


def drawn(people: RowSource, kind: str, seed: int, small: bool = False) -> list[StatedValues]:
    """Value the targets in one draw after another; what is not drawn anew stays the first."""
    generator = np.random.default_rng([_STREAM, seed])
    count = SMALL_EXAMPLES if small else EXAMPLES
    others = count - len(people.targets)
    streamed = kind == STREAM
    leaf_size = usual_leaf_size(len(people.classes), None if streamed else count)
    examples = people.rows(generator, others)
    found = []
    for _ in range(SMALL_DRAWS if small else DRAWS):
        if kind != V_ALONE:
            examples = people.rows(generator, others)
        trusted = people.rows(generator, TRUSTED)
        found.append(stated_values(people, examples, trusted, leaf_size, streamed=streamed))
    return found


def held(values: Floats, halves: Floats) -> Flags:
    """Say of each draw and example (r, t) whether value ± half holds the mean of the other draws.

    That mean has an error of its own; the deviation is scaled so that its variance is the value's.
    """
    draws = len(values)
    deviations = np.abs(values - values.mean(axis=0)) * np.sqrt(draws / (draws - 1))
    inside: Flags = deviations <= halves
    return inside


def result(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the document of these runs."""
    sets = list(dict.fromkeys(run["set"] for run in runs))
    summary = {
        kind: {
            name: _over([run for run in runs if run["set"] == name and run["drawn"] == kind])
            for name in sets
        }
        for kind in KINDS
    }
    return {
        "experiment": "coverage",
        "seeds": sorted({run["seed"] for run in runs}),
        "runs": list(runs),
        "summary": summary,
        "claims": {kind: _inside(summary[kind]) for kind in KINDS},
    }


def _over(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        stated: {measure: spread_of([run[stated][measure] for run in runs]) for measure in measures}
        for stated, measures in runs[0].items()
        if isinstance(measures, Mapping)
    }


def _inside(sets: Mapping[str, Any]) -> list[str]:
    """Return the sets whose coverage is within the goal."""
    return [
        name
        for name, each in sets.items()
        if GOAL[0] <= each["stderr"]["coverage"]["mean"] <= GOAL[1]
    ]


COLUMNS = (
    "set",
    "coverage",
    "Student",
    "sd",
    "rarest class",
    "a tenth below",
    "evaluators",
    "their sd",
)


def tables(result: Result) -> list[ResultTable]:
    """Return one table for each kind of draw, by set."""
    seeds = len(result["seeds"])
    return [
        ResultTable(
            f"Drawn anew: {kind}",
            COLUMNS,
            [_row(name, each) for name, each in sets.items()],
            f"Mean over {seeds} seed{'s' * (seeds > 1)}. Coverage within {GOAL[0]} to {GOAL[1]} on "
            f"{len(result['claims'][kind])} of {len(sets)} sets.",
        )
        for kind, sets in result["summary"].items()
    ]


def _row(name: str, each: Mapping[str, Any]) -> tuple[str, ...]:
    stated, evaluators = (
        {measure: spread["mean"] for measure, spread in each[which].items()}
        for which in ("stderr", "evaluators")
    )
    return (
        name,
        f"{stated['coverage']:.3f}",
        f"{stated['student']:.3f}",
        f"{stated['sd']:.2f}",
        f"{stated['rarest_class']:.3f}",
        f"{stated['tenth_below']:.2f}",
        f"{evaluators['coverage']:.3f}",
        f"{evaluators['sd']:.2f}",
    )
