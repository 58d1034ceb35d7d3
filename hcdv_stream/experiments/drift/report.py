"""Tables of the ``drift`` experiment."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from hcdv_stream.experiments.common.scores import spread_of
from hcdv_stream.experiments.experiment import Result, ResultTable

FOREST = "ExtraTrees, newest 600"


def tables(result: Result) -> list[ResultTable]:
    """Return what values find, what old rows are worth, and what the alarm did."""
    return [_found(result), _delays(result), _quiet(result), _months(result)]


def _kinds(result: Result) -> list[tuple[str, float]]:
    return sorted({(run["set"], run["changed"]) for run in result["runs"]}, key=_kind_order)


def _kind_order(kind: tuple[str, float]) -> tuple[float, str]:
    return -kind[1], kind[0]


def _of(result: Result, kind: tuple[str, float]) -> list[Any]:
    return [run for run in result["runs"] if (run["set"], run["changed"]) == kind]


def _found(result: Result) -> ResultTable:
    ways = list(result["runs"][0]["ways"])
    rows = []
    for changed in sorted({run["changed"] for run in result["runs"]}, reverse=True):
        for name, _ in sorted(kind for kind in _kinds(result) if kind[1] == changed):
            runs = _of(result, (name, changed))
            rows.append((f"{name}, {changed:.0%} changed", *_cells(runs, ways)))
        together = [run for run in result["runs"] if run["changed"] == changed]
        rows.append((f"all sets, {changed:.0%} changed", *_cells(together, ways)))
    note = (
        f"mean ± sd over {len(result['seeds'])} seeds: AUC of finding dead examples by low value "
        "inside each class, in brackets the mean value of an old example over that of a new one. "
        "0.5 is chance, below it dead examples are worth more than true ones."
    )
    return ResultTable("Drift: dead examples found", ("stream", *ways, FOREST), rows, note)


def _cells(runs: Sequence[Any], ways: Sequence[str]) -> Iterator[str]:
    for way in ways:
        aucs = _spread([run["ways"][way]["dead"] for run in runs])
        ratio = float(np.mean([run["ways"][way]["ratio"] for run in runs]))
        yield f"{aucs} ({ratio:.2f})"
    yield _spread([run["forest"] for run in runs])


def _delays(result: Result) -> ResultTable:
    ways = ("V frozen", "V moving")
    rows = []
    for kind in _kinds(result):
        runs = _of(result, kind)
        row = [f"{kind[0]}, {kind[1]:.0%} changed"]
        for way in ways:
            delays = [run["ways"][way]["delay"] for run in runs]
            heard = [delay for delay in delays if delay is not None]
            worst = f", worst {max(heard):.0%}" if heard else ""
            mean = f"{np.mean(heard):.0%}{worst}" if heard else "–"
            row += [mean, f"{len(heard)} of {len(runs)}"]
        row.append(str(sum(run["ways"][way]["early"] for run in runs for way in ways)))
        rows.append(tuple(row))
    columns = (
        *("stream", "V frozen: delay", "sounded", "V moving: delay", "sounded"),
        "alarms before the change",
    )
    until = result.get("delays", "to the end of a poll of 150 sessions")
    note = (
        "Delay: share of the sessions after the change that had come when the first alarm sounded, "
        f"{until}. With V moving the alarm may stay silent because V has followed."
    )
    return ResultTable("Drift: when the alarm sounds", columns, rows, note)


def _quiet(result: Result) -> ResultTable:
    rows = [
        (run["set"], str(run["seed"]), f"{run['sessions']:,}", *map(str, run["alarms"].values()))
        for run in result["stationary"]
    ]
    ways = list(result["stationary"][0]["alarms"])
    return ResultTable(
        "Drift: alarms in streams without a change",
        ("set", "seed", "sessions", *ways),
        rows,
        "Alarms of two classes and five providers.",
    )


def _months(result: Result) -> ResultTable:
    ways = list(result["months"][0]["ratios"])
    row = (
        "old over new",
        *(_spread([run["ratios"][way] for run in result["months"]]) for way in ways),
    )
    return ResultTable(
        "Drift: Online Shoppers in the order of its months",
        ("mean value", *ways),
        [row],
        "The first two thirds of the stream are old; nothing is changed on purpose.",
    )


def _spread(numbers: Sequence[float | None]) -> str:
    known = [number for number in numbers if number is not None]
    if not known:
        return "–"
    spread = spread_of(known)
    return f"{spread['mean']:.2f} ± {spread['sd']:.2f}"
