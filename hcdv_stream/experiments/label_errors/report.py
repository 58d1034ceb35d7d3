"""Tables of the experiment on wrong labels."""

from collections.abc import Mapping, Sequence
from typing import Any

from hcdv_stream.experiments.common.noise import NOISES
from hcdv_stream.experiments.experiment import Result, ResultTable
from hcdv_stream.experiments.label_errors.methods import DOUBT, FROZEN

MEASURES = {"auroc": "AUROC", "ap": "AP"}


def tables(result: Result) -> Sequence[ResultTable]:
    """Return one table over everything, one by kind of wrong labels, one by set, and claims."""
    summed = result["summary"]
    seeds = len(result["seeds"])
    count = f"Mean ± sd over {len(result['runs'])} runs, {seeds} seed{'s' * (seeds > 1)}."
    missing = [kind for kind in NOISES if kind not in summed["noises"]]
    count += f" Not measured: {', '.join(missing)}." if missing else ""
    return [
        _whole(summed["all"], count),
        *(_table(f"{name} by kind of wrong labels", summed["noises"], m, count)
          for m, name in MEASURES.items()),
        *(_table(f"{name} by set, labels flipped", summed["sets, flipped"], m, count)
          for m, name in MEASURES.items()),
        _calibration(summed["noises"], count),
        _claims(result["claims"]),
    ]  # fmt: skip


def _whole(methods: Mapping[str, Any], count: str) -> ResultTable:
    rows = [
        (name, *(_number(found[m]) for m in MEASURES), _number(found["processor_seconds"], 2))
        for name, found in methods.items()
    ]
    columns = ("method", *MEASURES.values(), "cpu s")
    return ResultTable("Wrong labels: all sets and kinds", columns, rows, count)


def _table(title: str, parts: Mapping[str, Any], measure: str, count: str) -> ResultTable:
    names = list(next(iter(parts.values())))
    rows = [(name, *(_number(each[name][measure]) for each in parts.values())) for name in names]
    return ResultTable(f"Wrong labels: {title}", ("method", *parts), rows, count)


def _calibration(noises: Mapping[str, Any], count: str) -> ResultTable:
    rows = [
        (name, *(_number(each[m]["calibration_error"]) for m in (DOUBT, FROZEN)))
        for name, each in noises.items()
    ]
    note = f"{count} Mean distance of a doubt to the share of wrong labels, in ten bins."
    return ResultTable("Calibration error of doubts", ("wrong labels", DOUBT, FROZEN), rows, note)


def _claims(claims: Mapping[str, Any]) -> ResultTable:
    rows = []
    for kind, of in (("sets", "sets, labels flipped"), ("noises", "kinds of wrong labels")):
        for measure, name in MEASURES.items():
            found = len(claims[f"{kind}_ahead"][measure])
            rows.append((f"{name} above every rival", f"{found} of {claims[kind]} {of}"))
    rows.append(("calibration error", _number(claims["calibration_error"])))
    return ResultTable("Wrong labels: where doubt leads", ("", "found"), rows)


def _number(spread: Mapping[str, float], digits: int = 3) -> str:
    return f"{spread['mean']:.{digits}f} ± {spread['sd']:.{digits}f}"
