"""Tables of the ``drift`` experiment."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from hcdv_stream.experiments.common.scores import spread_of
from hcdv_stream.experiments.experiment import Result, ResultTable

FOREST = "ExtraTrees, newest 600"
ALARMED = ("V frozen", "V moving")
TUNED = " (tuned on)"
SOON = 0.1
"""Share of the sessions after a change before which the alarm should sound."""


def tables(result: Result) -> list[ResultTable]:
    """Return what values find, what the alarm and doctor did, and what old rows are worth."""
    return [_found(result), _delays(result), _doctors(result), _quiet(result), _months(result)]


Runs = Sequence[Any]


def _groups(result: Result) -> Iterator[tuple[str, Runs]]:
    """Yield the runs of each set under each change, and those of all report sets together."""
    for changed in sorted({run["changed"] for run in result["runs"]}, reverse=True):
        runs = [run for run in result["runs"] if run["changed"] == changed]
        for report in (True, False):
            of = [run for run in runs if run["report"] == report]
            mark = "" if report else TUNED
            for name in dict.fromkeys(run["set"] for run in of):
                of_set = [run for run in of if run["set"] == name]
                yield f"{name}{mark}, {changed:.0%} changed", of_set
            if of:
                which = "all report sets" if report else "all sets" + TUNED
                yield f"{which}, {changed:.0%} changed", of


def _found(result: Result) -> ResultTable:
    ways = list(result["runs"][0]["ways"])
    rows = [(name, *_cells(runs, ways)) for name, runs in _groups(result)]
    note = (
        f"mean ± sd over {len(result['seeds'])} seeds: AUC of finding dead examples by low value "
        "inside each class, in brackets the mean value of an old example over that of a new one, "
        "the median of the runs. 0.5 is chance, below it dead examples are worth more than true "
        f"ones. {TUNED.strip()}: rules were tuned on it, under other seeds."
    )
    return ResultTable("Drift: dead examples found", ("stream", *ways, FOREST), rows, note)


def _cells(runs: Runs, ways: Sequence[str]) -> Iterator[str]:
    for way in ways:
        aucs = _spread([run["ways"][way]["dead"] for run in runs])
        ratio = float(np.median([run["ways"][way]["ratio"] for run in runs]))
        yield f"{aucs} ({ratio:.2f})"
    yield _spread([run["forest"] for run in runs])


def _delays(result: Result) -> ResultTable:
    rows = []
    for name, runs in _groups(result):
        row = [name]
        for way in ALARMED:
            found = [run["ways"][way] for run in runs]
            row += _delay([each["delay"] for each in found], [each["sessions"] for each in found])
        row.append(str(sum(run["ways"][way]["early"] for run in runs for way in ALARMED)))
        rows.append(tuple(row))
    columns = ["stream"]
    for way in ALARMED:
        columns += [f"{way}: delay", "worst", "sessions", "sounded", f"before {SOON:.0%}"]
    note = (
        "Delay: share of the sessions after the change that had come when the first alarm sounded, "
        "mean and worst of the runs in which one did; sessions: how many those are. With V moving "
        "the alarm may stay silent because V has followed."
    )
    columns.append("alarms before the change")
    return ResultTable("Drift: when the alarm sounds", columns, rows, note)


def _delay(delays: Sequence[float | None], sessions: Sequence[int | None]) -> list[str]:
    heard = [delay for delay in delays if delay is not None]
    soon = f"{sum(delay < SOON for delay in heard)} of {len(delays)}"
    sounded = f"{len(heard)} of {len(delays)}"
    if not heard:
        return ["–", "–", "–", sounded, soon]
    number = np.mean([each for each in sessions if each is not None])
    return [f"{np.mean(heard):.1%}", f"{max(heard):.1%}", f"{number:.0f}", sounded, soon]


def _doctors(result: Result) -> ResultTable:
    rows = []
    for name, runs in _groups(result):
        row = [name]
        for way in ALARMED:
            found = [run["ways"][way]["doctor"] for run in runs]
            warned = [each["warned"] for each in found if each["warned"] is not None]
            row += [
                f"{np.mean(warned):.1%}" if warned else "–",
                f"{len(warned)} of {len(found)}",
                f"{sum('diverge from V' in each['end'] for each in found)} of {len(found)}",
            ]
        row.append(
            str(sum(run["ways"][way]["doctor"]["warned_before"] for run in runs for way in ALARMED))
        )
        rows.append(tuple(row))
    columns = ["stream"]
    for way in ALARMED:
        columns += [f"{way}: warns after", "warned", "warns at the end"]
    columns.append("before the change")
    example = next(
        (
            run["ways"][ALARMED[0]]["doctor"]["end"]
            for run in result["runs"]
            if "diverge from V" in run["ways"][ALARMED[0]]["doctor"]["end"]
        ),
        "",
    )
    note = (
        "Share of the sessions after the change that had come at the end of the first poll, of 150 "
        "sessions, after which `hcdv-stream doctor` warns that recent sessions diverge from V."
    )
    if example:
        note += f' It says, for instance: "{example}".'
    return ResultTable("Drift: what doctor says of V", columns, rows, note)


def _quiet(result: Result) -> ResultTable:
    rows = [
        (
            run["set"] + ("" if run["report"] else TUNED),
            str(run["seed"]),
            f"{run['sessions']:,}",
            *map(str, run["alarms"].values()),
            *("yes" if warned else "no" for warned in run["warned"].values()),
        )
        for run in result["stationary"]
    ]
    ways = list(result["stationary"][0]["alarms"])
    return ResultTable(
        "Drift: alarms in streams without a change",
        ("set", "seed", "sessions", *ways, *(f"{way}: doctor warned" for way in ways)),
        rows,
        "Alarms of all classes, of five providers, and of all sessions together.",
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
