"""How good the values are: wrong labels found, training data chosen, beside other methods.

Each set is cut as ``protocol`` says, 10% of the labels are flipped, and every method values the
same examples, which the encoder has not seen. Reported per seed, and as mean ± sd over the seeds.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from hcdv_stream.experiments.cases import Case, prepare
from hcdv_stream.experiments.datasets import four_sets
from hcdv_stream.experiments.experiment import Options, Progress, Result, Table
from hcdv_stream.experiments.methods import DEFAULT, KNN, METHODS
from hcdv_stream.experiments.scores import MEASURES, SHARE, References, score, spread_of

SMALL = 300
PROTOTYPE = {"detection": 0.80, "top": 2.8, "select": 3.6}
"""What a prototype reached on average with the default: the bar."""


def run(options: Options, progress: Progress) -> Result:
    """Value every set under every seed with every method."""
    seeds = list(range(options.seeds))
    sets = four_sets(options.data, SMALL if options.small else None)
    progress.plan(len(sets) * len(seeds) * (len(METHODS) + 1))
    runs: list[dict[str, Any]] = []
    for seed in seeds:
        for read_set in sets:
            data = read_set(seed)
            progress.begin(f"{data.name}, seed {seed}: bundle")
            case = prepare(data, seed)
            runs.append(_run(case, progress))
    return {"experiment": "quality", "seeds": seeds, "runs": runs, "summary": summary(runs)}


def _run(case: Case, progress: Progress) -> dict[str, Any]:
    references = References.of(case)
    progress.done()
    methods: dict[str, Any] = {}
    for name, method in METHODS.items():
        progress.begin(f"{case.name}, seed {case.seed}: {name}")
        started = time.perf_counter()
        values = method(case)
        seconds = time.perf_counter() - started
        methods[name] = score(case, values) | {"seconds": seconds}
        progress.done()
    return {
        "set": case.name,
        "seed": case.seed,
        "valued": len(case.labels),
        "flipped": int(case.flipped.sum()),
        "trusted": len(case.validation),
        "references": {
            "random": references.random,
            "clean": references.clean,
            "everything": references.everything,
        },
        "methods": methods,
    }


def summary(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return, per set and over all sets: mean and sd of detection, and of points above random."""
    sets = list(dict.fromkeys(run["set"] for run in runs))
    per_set = {name: _over([run for run in runs if run["set"] == name]) for name in sets}
    return {"sets": per_set, "all": _over(runs), "claims": _claims(per_set, _over(runs))}


def _over(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    methods = {
        name: {
            measure: spread_of([_measured(run, name, measure) for run in runs])
            for measure in (*MEASURES, "seconds")
        }
        for name in runs[0]["methods"]
    }
    references = {
        name: spread_of([100 * (run["references"][name] - _random(run)) for run in runs])
        for name in ("clean", "everything")
    }
    return {
        "methods": methods,
        "references": references,
        "random": spread_of([*map(_random, runs)]),
    }


def _random(run: Mapping[str, Any]) -> float:
    return float(run["references"]["random"])


def _measured(run: Mapping[str, Any], method: str, measure: str) -> float:
    found = float(run["methods"][method][measure])
    return 100 * (found - _random(run)) if measure in {"top", "select"} else found


def _claims(sets: Mapping[str, Any], everything: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is expected of the default, as numbers."""
    default = {name: each["methods"][DEFAULT] for name, each in sets.items()}
    rival = {name: each["methods"][KNN] for name, each in sets.items()}
    mean = {m: everything["methods"][DEFAULT][m]["mean"] for m in MEASURES}
    return {
        "sets": len(sets),
        "sets_top_beats_random": sum(each["top"]["mean"] > 0 for each in default.values()),
        "sets_select_beats_random": sum(each["select"]["mean"] > 0 for each in default.values()),
        "sets_top_reaches_knn_shapley": sum(
            default[name]["top"]["mean"] >= rival[name]["top"]["mean"] for name in sets
        ),
        "sets_select_reaches_knn_shapley": sum(
            default[name]["select"]["mean"] >= rival[name]["select"]["mean"] for name in sets
        ),
        "select_above_top_points": mean["select"] - mean["top"],
        **{f"{measure}_mean": value for measure, value in mean.items()},
    }


def tables(result: Result) -> list[Table]:
    """Return one table per set, one over all sets, and the claims."""
    summed = result["summary"]
    count = f"mean ± sd over {len(result['seeds'])} seeds"
    per_set = [_table(name, each, count) for name, each in summed["sets"].items()]
    runs = f"mean ± sd over {len(result['runs'])} runs"
    return [
        *per_set,
        _table("all sets", summed["all"], runs),
        _rival_table(result),
        _claims_table(summed["claims"]),
    ]


def _rival_table(result: Result) -> Table:
    """Return what the default is above global KNN-Shapley, seed by seed and then averaged."""
    names = list(result["summary"]["sets"])
    rows = [
        (
            name,
            *(
                _number(
                    spread_of(
                        [
                            _measured(run, DEFAULT, measure) - _measured(run, KNN, measure)
                            for run in result["runs"]
                            if run["set"] == name
                        ]
                    ),
                    3 if measure == "detection" else 1,
                )
                for measure in MEASURES
            ),
        )
        for name in names
    ]
    note = f"mean ± sd over {len(result['seeds'])} seeds of the difference on the same case."
    columns = ("set", "detection", f"top {SHARE:.0%}", f"select {SHARE:.0%}")
    return Table(f"Quality: {DEFAULT} minus {KNN}", columns, rows, note)


def _table(name: str, each: Mapping[str, Any], count: str) -> Table:
    rows = [
        (
            method,
            _number(found["detection"], 3, sign=False),
            _number(found["top"], 1),
            _number(found["select"], 1),
            _number(found["seconds"], 2, sign=False),
        )
        for method, found in each["methods"].items()
    ]
    share = f"{SHARE:.0%}"
    rows += [
        (f"a random {share} of the clean", "–", _number(each["references"]["clean"], 1), "–", "–"),
        ("everything", "–", _number(each["references"]["everything"], 1), "–", "–"),
    ]
    note = (
        f"{count}; points of AUC above a random {share}, which reaches "
        f"{_number(each['random'], 3, sign=False)}."
    )
    columns = ("method", "detection", f"top {share}", f"select {share}", "seconds")
    return Table(f"Quality: {name}", columns, rows, note)


def _number(spread: Mapping[str, float], digits: int, sign: bool = True) -> str:
    mean = f"{spread['mean']:+.{digits}f}" if sign else f"{spread['mean']:.{digits}f}"
    return f"{mean} ± {spread['sd']:.{digits}f}"


def _claims_table(claims: Mapping[str, Any]) -> Table:
    sets = claims["sets"]
    rows = [
        ("top 30% beats random", f"{claims['sets_top_beats_random']} of {sets} sets", "every set"),
        (
            "select 30% beats random",
            f"{claims['sets_select_beats_random']} of {sets} sets",
            "every set",
        ),
        (
            "top 30% reaches global KNN-Shapley's",
            f"{claims['sets_top_reaches_knn_shapley']} of {sets} sets",
            "3 of 4",
        ),
        (
            "select 30% reaches global KNN-Shapley's",
            f"{claims['sets_select_reaches_knn_shapley']} of {sets} sets",
            "3 of 4",
        ),
        ("select above top", f"{claims['select_above_top_points']:+.2f} points", "+0.5"),
        ("detection", f"{claims['detection_mean']:.3f}", f"{PROTOTYPE['detection']:.2f}"),
        ("top above random", f"{claims['top_mean']:+.1f}", f"{PROTOTYPE['top']:+.1f}"),
        ("select above random", f"{claims['select_mean']:+.1f}", f"{PROTOTYPE['select']:+.1f}"),
    ]
    return Table("Quality: what is expected of the default", ("", "found", "expected"), rows)
