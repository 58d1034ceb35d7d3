"""What the runs of the noisy-labels experiment come to: means, and HCDV beside the paper's five."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hcdv_stream.experiments.noisy_labels.methods import DATA_SHAPLEY, DU, KNN, LOO
from hcdv_stream.experiments.noisy_labels.noisy_task import FALLING, MEASURES
from hcdv_stream.experiments.tables.methods import HCDV, PRINTED, RANDOM

FIVE = (RANDOM, LOO, DATA_SHAPLEY, KNN, DU)
"""Whom the paper compares HCDV with in its Table 3."""
CLEAR = 2.0
"""Standard errors that a mean difference must exceed to be called one."""

Runs = Sequence[Mapping[str, Any]]
Repeats = Mapping[str, Mapping[str, Sequence[float]]]


def summary(runs: Runs) -> list[dict[str, Any]]:
    """Return an entry per set, kind of player and rate, over all seeds and draws."""
    cases = dict.fromkeys((run["set"], run["each"], run["rate"]) for run in runs)
    return [_case(runs, *case) for case in cases]


def _case(runs: Runs, name: str, each: int, rate: float) -> dict[str, Any]:
    case = {"set": name, "each": each, "rate": rate}
    chosen = [run["methods"] for run in runs if case.items() <= run.items()]
    repeats = {
        method: {measure: _joined(chosen, method, measure) for measure in chosen[0][method]}
        for method in chosen[0]
    }
    means = {
        method: {measure: _mean(numbers) for measure, numbers in found.items()}
        for method, found in repeats.items()
    }
    leads = {ours: {m: _lead(repeats, ours, m) for m in MEASURES} for ours in (HCDV, PRINTED)}
    return case | {"methods": means, "leads": leads}


def _joined(chosen: Sequence[Repeats], method: str, measure: str) -> list[float]:
    return [number for found in chosen for number in found[method][measure]]


def _mean(numbers: Sequence[float]) -> dict[str, float]:
    """Return the mean and its standard error (0 for a single number)."""
    deviation = float(np.std(numbers, ddof=1)) if len(numbers) > 1 else 0.0
    return {"mean": float(np.mean(numbers)), "error": deviation / len(numbers) ** 0.5}


def _lead(repeats: Repeats, ours: str, measure: str) -> dict[str, Any]:
    """Return who of FIVE is best, how far ours is ahead on the same draws, and whether clearly."""
    sign = -1.0 if measure in FALLING else 1.0
    best = max(FIVE, key=lambda rival: sign * float(np.mean(repeats[rival][measure])))
    pairs = zip(repeats[ours][measure], repeats[best][measure], strict=True)
    lead = _mean([sign * (own - other) for own, other in pairs])
    clear = abs(lead["mean"]) > CLEAR * lead["error"]
    verdict = "level" if not clear else "ahead" if lead["mean"] > 0 else "behind"
    return lead | {"best": best, "verdict": verdict}
