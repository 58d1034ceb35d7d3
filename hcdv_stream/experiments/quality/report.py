"""Tables of the quality experiment."""

from collections.abc import Mapping
from typing import Any

from hcdv_stream.experiments.common.methods import DEFAULT, KNN
from hcdv_stream.experiments.common.scores import MEASURES, SHARE, spread_of
from hcdv_stream.experiments.experiment import Result, ResultTable
from hcdv_stream.experiments.quality.run import measured

PROTOTYPE = {"detection": 0.80, "top": 2.8, "select": 3.6}
"""What a prototype reached on average with the default: the bar."""
FASTER = 50
"""How many times faster than Data-OOB detection is expected to be."""


def tables(result: Result) -> list[ResultTable]:
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


def _rival_table(result: Result) -> ResultTable:
    """Return what the default is above global KNN-Shapley, seed by seed and then averaged."""
    names = list(result["summary"]["sets"])
    rows = [
        (
            name,
            *(
                _number(
                    spread_of(
                        [
                            measured(run, DEFAULT, measure) - measured(run, KNN, measure)
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
    return ResultTable(f"Quality: {DEFAULT} minus {KNN}", columns, rows, note)


def _table(name: str, each: Mapping[str, Any], count: str) -> ResultTable:
    rows = [
        (
            method,
            _number(found["detection"], 3, sign=False),
            _number(found["top"], 1),
            _number(found["select"], 1),
            _number(found["seconds"], 2, sign=False),
            _number(found["processor_seconds"], 3, sign=False),
        )
        for method, found in each["methods"].items()
    ]
    share = f"{SHARE:.0%}"
    rows += [
        (
            f"a random {share} of the clean",
            "–",
            _number(each["references"]["clean"], 1),
            "–",
            "–",
            "–",
        ),
        ("everything", "–", _number(each["references"]["everything"], 1), "–", "–", "–"),
    ]
    note = (
        f"{count}; points of AUC above a random {share}, which reaches "
        f"{_number(each['random'], 3, sign=False)}. On one thread; the encoder, which all but "
        "Data-OOB need, is not timed."
    )
    columns = ("method", "detection", f"top {share}", f"select {share}", "wall s", "cpu s")
    return ResultTable(f"Quality: {name}", columns, rows, note)


def _number(spread: Mapping[str, float], digits: int, sign: bool = True) -> str:
    mean = f"{spread['mean']:+.{digits}f}" if sign else f"{spread['mean']:.{digits}f}"
    return f"{mean} ± {spread['sd']:.{digits}f}"


def _claims_table(claims: Mapping[str, Any]) -> ResultTable:
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
        (
            f"select above a random {SHARE:.0%} of the clean",
            f"{claims['select_above_clean_points']:+.2f} points",
            "at least 0",
        ),
        (
            "detection with λ for it, less Data-OOB's",
            f"{claims['detecting_above_out_of_bag']:+.3f}",
            "at least 0",
        ),
        (
            "times its processor seconds that Data-OOB takes, all sets",
            f"{claims['times_faster_than_out_of_bag']:.0f}",
            f"{FASTER}",
        ),
        (
            "the same on the set where it is least",
            f"{claims['times_faster_least']:.0f}",
            f"{FASTER}",
        ),
        ("select above top", f"{claims['select_above_top_points']:+.2f} points", "+0.5"),
        ("detection", f"{claims['detection_mean']:.3f}", f"{PROTOTYPE['detection']:.2f}"),
        ("top above random", f"{claims['top_mean']:+.1f}", f"{PROTOTYPE['top']:+.1f}"),
        ("select above random", f"{claims['select_mean']:+.1f}", f"{PROTOTYPE['select']:+.1f}"),
    ]
    return ResultTable("Quality: what is expected of the default", ("", "found", "expected"), rows)
