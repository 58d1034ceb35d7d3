"""Where HCDV stands in the comparison: how far it is above each rival, case by case.

Three comparisons. As used: HCDV's ``select``, which is how the service chooses, against the rivals'
highest values, which is how they were published. Then like with like: the highest values of all of
them, and ``select`` on the values of all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hcdv_stream.experiments.common.scores import SHARE, spread_of
from hcdv_stream.experiments.experiment import Result, ResultTable
from hcdv_stream.experiments.tables.methods import HCDV, RIVALS

Run = Mapping[str, Any]
Other = Callable[[Run], float]

COMPARISONS: Mapping[str, tuple[str, str]] = {
    f"as used: {HCDV}'s select, the others' top": ("select", "top"),
    "top, all of them": ("top", "top"),
    "select, all of them": ("select", "select"),
}
"""What is trained on: HCDV's choice and the rivals'."""


def claims(result: Result) -> ResultTable:
    """Return, per set and comparison, how far HCDV is above each rival."""
    rows = []
    ahead: dict[str, int] = dict.fromkeys(COMPARISONS, 0)
    for name in result["summary"]:
        runs = [run for run in result["runs"] if run["set"] == name]
        for comparison, (own, other) in COMPARISONS.items():
            gaps = {rival: _gap(runs, own, _rival(rival, other)) for rival in RIVALS}
            clean = [_gap(runs, own, _reference(name)) for name in ("clean", "clean_even")]
            wins = all(gap["mean"] > 0 for gap in gaps.values())
            ahead[comparison] += wins
            cells = [_signed(gap) for gap in (*gaps.values(), *clean)]
            rows.append((name, comparison, *cells, "ahead" if wins else _short_of(gaps)))
    count = len(result["summary"])
    counted = "; ".join(f"{comparison}: {wins} of {count}" for comparison, wins in ahead.items())
    missing = " ".join(f"{name} is missing: {why}." for name, why in result["skipped"].items())
    note = (
        f"Points that {HCDV} is above each, mean ± sd over seeds of the difference on the same "
        f"case. Sets on which its mean is ahead of all five (expected: 3 of 4): {counted}. "
        f"Random clean is a random {SHARE:.0%} of what is labelled right; select also draws as "
        f"many of each class, which alone is worth a good deal where a class is rare. {missing}"
    )
    columns = ("set", "trained on", *RIVALS, "random clean", "the same, class-even", "verdict")
    return ResultTable(f"Where {HCDV} stands", columns, rows, note.strip())


def _rival(name: str, choice: str) -> Other:
    return lambda run: float(run["methods"][name][choice])


def _reference(name: str) -> Other:
    return lambda run: float(run["references"][name])


def _gap(runs: Sequence[Mapping[str, Any]], own: str, other: Other) -> Mapping[str, float]:
    """Return how many points HCDV's choice is above the other's."""
    return spread_of([100 * (run["methods"][HCDV][own] - other(run)) for run in runs])


def _signed(gap: Mapping[str, float]) -> str:
    return f"{gap['mean']:+.1f} ± {gap['sd']:.1f}"


def _short_of(gaps: Mapping[str, Mapping[str, float]]) -> str:
    return "short of " + ", ".join(rival for rival, gap in gaps.items() if gap["mean"] <= 0)
