"""How good the values are: wrong labels found, training data chosen, beside other methods.

Each set is cut as ``protocol`` says, 10% of the labels are flipped, and every method values the
same examples, which the encoder has not seen. Reported per seed, and as mean ± sd over the seeds.
``routed`` values them at once, as ``HCDV.fit`` does; ``streamed`` is update after update, as the
worker does. The second row reads the first one's state with another λ (``tuning`` chose it); both
are timed whole, from embeddings to values.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from hcdv_stream.experiments.common.cases import ExperimentCase, prepare
from hcdv_stream.experiments.common.datasets import four_sets
from hcdv_stream.experiments.common.methods import (
    COSTS,
    DEFAULT,
    DETECTING,
    KNN,
    METHODS,
    OUT_OF_BAG,
    timed,
)
from hcdv_stream.experiments.common.scores import MEASURES, References, score, spread_of
from hcdv_stream.experiments.experiment import ExperimentOptions, ExperimentProgress, Result

SMALL = 300


def run(options: ExperimentOptions, progress: ExperimentProgress) -> Result:
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


def _run(case: ExperimentCase, progress: ExperimentProgress) -> dict[str, Any]:
    references = References.of(case)
    progress.done()
    methods: dict[str, Any] = {}
    for name, method in METHODS.items():
        progress.begin(f"{case.name}, seed {case.seed}: {name}")
        valued, costs = timed(method, case)
        methods[name] = score(case, valued) | costs
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
            measure: spread_of([measured(run, name, measure) for run in runs])
            for measure in (*MEASURES, *COSTS)
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


def measured(run: Mapping[str, Any], method: str, measure: str) -> float:
    """Return a method's measure in one run: utilities as points of AUC above a random share."""
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
        "select_above_clean_points": mean["select"] - everything["references"]["clean"]["mean"],
        "detecting_above_out_of_bag": _mean(everything, DETECTING, "detection")
        - _mean(everything, OUT_OF_BAG, "detection"),
        "times_faster_than_out_of_bag": _times_faster(everything),
        "times_faster_least": min(map(_times_faster, sets.values())),
        **{f"{measure}_mean": value for measure, value in mean.items()},
    }


def _mean(each: Mapping[str, Any], method: str, measure: str) -> float:
    return float(each["methods"][method][measure]["mean"])


def _times_faster(each: Mapping[str, Any]) -> float:
    """How many times the processor seconds of detection with λ for it Data-OOB takes."""
    busy = "processor_seconds"
    return _mean(each, OUT_OF_BAG, busy) / _mean(each, DETECTING, busy)
