"""The paper's Table 3: wrong labels found, players removed and added, after OpenDataVal.

A hundred players, each an example or each the owner of ten; a share of them, 5% or 15%, has wrong
labels, and so has the same share of V, as OpenDataVal mixes them. Measured as OpenDataVal 1.3 does:
``F1`` of the wrong ones, where the lower part of the best cut in two of the values is called wrong
(``noisy_detection``); ``removal``, the test accuracy of a logistic regression without the share of
highest value (``remove_high_low``); ``addition``, that of a regression on the share of lowest value
alone (``increasing_bin_removal``). A share is the one that is wrong. Beside them, ours: ``AUC`` of
−value against the wrong ones, which needs no cut, and ``best first``, the accuracy of a regression
on the share of highest value.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from sklearn.datasets import load_digits

from hcdv_stream.experiments.common.datasets import Dataset, DatasetError, adult
from hcdv_stream.experiments.experiment import ExperimentOptions, ExperimentProgress, Result
from hcdv_stream.experiments.noisy_labels.methods import methods
from hcdv_stream.experiments.noisy_labels.noisy_task import (
    MEASURES,
    NoisyTask,
    Values,
    draw,
    scores,
)
from hcdv_stream.experiments.noisy_labels.summary import summary
from hcdv_stream.experiments.tables.datasets import fashion

POOL = 3000
RATES = (0.05, 0.15)
EACH = (1, 10)
"""Examples that a player owns."""
DRAWS, SMALL_DRAWS = 5, 1
COALITIONS, SMALL_COALITIONS = 10_000, 200
DIGITS = 3


def run(options: ExperimentOptions, progress: ExperimentProgress) -> Result:
    """Value every set that is there, either kind of player, at both rates, under every seed."""
    seeds = list(range(options.seeds))
    draws = SMALL_DRAWS if options.small else DRAWS
    coalitions = SMALL_COALITIONS if options.small else COALITIONS
    runs: list[dict[str, Any]] = []
    skipped: dict[str, str] = {}
    for name, read in _sets(options).items():
        try:
            data = read()
        except DatasetError as error:
            skipped[name] = str(error)
            continue
        features = _features(data)
        progress.plan(len(EACH) * len(RATES) * len(seeds))
        for each, rate, seed in [(e, r, s) for e in EACH for r in RATES for s in seeds]:
            progress.begin(f"{name}, players of {each}, {rate:.0%} wrong, seed {seed}")
            given = [
                draw(features, data.labels, rate=rate, each=each, seed=seed * DRAWS + number)
                for number in range(draws)
            ]
            case = {"set": name, "each": each, "rate": rate, "seed": seed}
            runs.append(case | {"methods": _found(given, coalitions)})
            progress.done()
    return {
        "experiment": "noisy-labels",
        "seeds": seeds,
        "draws": draws,
        "coalitions": coalitions,
        "skipped": skipped,
        "runs": runs,
        "summary": summary(runs),
    }


def _sets(options: ExperimentOptions) -> Mapping[str, Callable[[], Dataset]]:
    return {
        "digits": _digits,
        "fashion-mnist": lambda: fashion(options.data, POOL),
        "adult": lambda: adult(options.data, POOL),
    }


def _digits() -> Dataset:
    features, labels = load_digits(return_X_y=True)
    columns = {f"p{place:02d}": column for place, column in enumerate(features.T)}
    return Dataset("digits", columns, labels.astype(np.int16), tuple("0123456789"))


def _features(data: Dataset) -> Values:
    """Return numbers as they are and a column per category, (n, width)."""
    columns: list[Values] = []
    for column in data.columns.values():
        if column.dtype == object:
            levels = sorted({level for level in column if level is not None})
            columns += [np.array(column == level, np.float64) for level in levels]
        else:
            columns.append(column.astype(np.float64))
    return np.column_stack(columns)


def _found(given: list[NoisyTask], coalitions: int) -> dict[str, dict[str, list[float]]]:
    """Return every method's measures and processor seconds, a list over the draws each."""
    found: dict[str, dict[str, list[float]]] = {}
    for task in given:
        timed = {name: (values, spent) for name, values, spent in _timed(task, coalitions)}
        scored = scores(task, [values for values, _ in timed.values()])
        for (name, (_, spent)), measured in zip(timed.items(), scored, strict=True):
            lists = found.setdefault(name, {m: [] for m in (*MEASURES, "processor_seconds")})
            for measure, number in (measured | {"processor_seconds": spent}).items():
                lists[measure].append(round(number, DIGITS + 1))
    return found


def _timed(task: NoisyTask, coalitions: int) -> Iterator[tuple[str, Values, float]]:
    for name, method in methods(coalitions).items():
        started = time.process_time()
        values = method(task)
        yield name, values, time.process_time() - started
