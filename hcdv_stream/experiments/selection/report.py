"""What a run of ``selection`` comes to: its summary and its tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hcdv_stream.experiments.common.scores import spread_of
from hcdv_stream.experiments.experiment import Result, ResultTable
from hcdv_stream.experiments.selection.rules import CLEAN, CLEANLAB, NOISES, OURS, RANDOM, RULES

Run = Mapping[str, Any]
Found = dict[str, dict[str, Any]]
NOISY = "wrong labels"
"""Every kind of wrong labels."""


def result(runs: Sequence[Run]) -> dict[str, Any]:
    """Return the document of these runs."""
    noises = list(dict.fromkeys(run["noise"] for run in runs))
    sets = list(dict.fromkeys(run["set"] for run in runs))
    clean = [run for run in runs if run["noise"] == CLEAN]
    noisy = [run for run in runs if run["noise"] != CLEAN]
    kinds = {CLEAN: clean, NOISY: noisy}
    return {
        "experiment": "selection",
        "seeds": sorted({run["seed"] for run in runs}),
        "runs": list(runs),
        "summary": {
            "noises": {
                noise: _over([run for run in runs if run["noise"] == noise]) for noise in noises
            },
            **{
                f"sets, {kind}": {name: _over(_of(each, name)) for name in sets}
                for kind, each in kinds.items()
            },
            "claims": {kind: _claims(each, sets) for kind, each in kinds.items()},
        },
    }


def _of(runs: Sequence[Run], name: str) -> list[Run]:
    return [run for run in runs if run["set"] == name]


def _over(runs: Sequence[Run]) -> Found:
    """Return the points above random of each rule at each share."""
    return {
        rule: {
            share: _spread([_points(run, rule, share) for run in runs]) for share in _shares(runs)
        }
        for rule in RULES
        if rule != RANDOM
    }


def _claims(runs: Sequence[Run], sets: Sequence[str]) -> dict[str, Any]:
    """Return how far `select` is above random by set, and above cleanlab over sets and shares."""
    above = {name: _spread([_mean(run, OURS) for run in _of(runs, name)]) for name in sets}
    ahead = {
        rule: _spread(
            [
                float(np.mean([_mean(run, OURS) - _mean(run, rule) for run in _of(runs, name)]))
                for name in sets
            ]
        )
        for rule in CLEANLAB
    }
    return {"above random": above, "ahead of": ahead}


def _spread(numbers: Sequence[float]) -> dict[str, float]:
    """Return mean, standard deviation and the mean's standard error."""
    spread = spread_of(numbers)
    return {**spread, "se": spread["sd"] / float(np.sqrt(len(numbers)))}


def _shares(runs: Sequence[Run]) -> list[str]:
    return list(runs[0]["rules"][RANDOM]["auc"])


def _mean(run: Run, rule: str) -> float:
    """Return a rule's points above random, the mean over shares."""
    return float(np.mean([_points(run, rule, share) for share in _shares([run])]))


def _points(run: Run, rule: str, share: str) -> float:
    rules = run["rules"]
    return 100.0 * float(rules[rule]["auc"][share] - rules[RANDOM]["auc"][share])


def tables(result: Result) -> list[ResultTable]:
    """Return points above random by kind of wrong labels and by set, and where `select` leads."""
    seeds = len(result["seeds"])
    count = f"{len(result['runs'])} runs, {seeds} seed{'s' * (seeds > 1)}"
    note = f"{count}; points of AUC above a random draw of the same size."
    summed = result["summary"]
    missing = [kind for kind in NOISES if kind not in summed["noises"]]
    note += f" Not measured: {', '.join(missing)}." if missing else ""
    over_runs, over_sets = f"Mean ± sd over {note}", f"Mean ± standard error over {note}"
    found = [
        _table(f"Selection: {noise}", "rule", each, "sd", over_runs)
        for noise, each in summed["noises"].items()
    ]
    found += [
        _table(
            f"Selection: `select` by set, {kind}",
            "set",
            {name: each[OURS] for name, each in summed[f"sets, {kind}"].items()},
            "se",
            over_sets,
        )
        for kind in (CLEAN, NOISY)
    ]
    return [*found, _leads(summed["claims"])]


def _leads(claims: Mapping[str, Any]) -> ResultTable:
    rows = []
    for kind in (CLEAN, NOISY):
        above = claims[kind]["above random"]
        low = [name for name, each in above.items() if each["mean"] + each["se"] < 0.0]
        what = f"{len(low)} of {len(above)} sets" + (f": {', '.join(low)}" if low else "")
        rows.append((f"{kind}: below random by more than a standard error", what))
        for rule, each in claims[kind]["ahead of"].items():
            rows.append((f"{kind}: ahead of {rule}", _number(each, "se")))
    note = "Means over shares; ± the standard error over a set's runs, or over sets."
    return ResultTable("Selection: where `select` leads", ("", "found"), rows, note)


def _table(title: str, first: str, each: Mapping[str, Any], around: str, note: str) -> ResultTable:
    rows = [
        (name, *(_number(spread, around) for spread in shares.values()))
        for name, shares in each.items()
    ]
    return ResultTable(title, (first, *next(iter(each.values()))), rows, note)


def _number(spread: Mapping[str, float], around: str) -> str:
    return f"{spread['mean']:+.2f} ± {spread[around]:.2f}"
