"""Tables of the noisy-labels experiment: a set each, where HCDV stands, and the paper's figures."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hcdv_stream.experiments.experiment import Result, ResultTable
from hcdv_stream.experiments.noisy_labels.methods import DETECTING
from hcdv_stream.experiments.noisy_labels.noisy_task import FALLING, MEASURES
from hcdv_stream.experiments.noisy_labels.paper import PAPER, SETS
from hcdv_stream.experiments.noisy_labels.summary import CLEAR, FIVE
from hcdv_stream.experiments.tables.methods import HCDV, PRINTED

Cases = Sequence[Mapping[str, Any]]


def tables(result: Result) -> list[ResultTable]:
    """Return a table per set, one of where HCDV stands, and one beside the paper's."""
    summed = result["summary"]
    names = list(dict.fromkeys(case["set"] for case in summed))
    sets = [_set(name, _of(summed, set=name), result) for name in names]
    return [*sets, _standing(summed, result["skipped"]), _paper(summed, names)]


def _of(cases: Cases, **wanted: Any) -> Cases:
    return [case for case in cases if wanted.items() <= case.items()]


def _set(name: str, cases: Cases, result: Result) -> ResultTable:
    rows = [
        (_players(each), method, *_cells(_of(cases, each=each), method))
        for each in dict.fromkeys(case["each"] for case in cases)
        for method in cases[0]["methods"]
    ]
    errors = ", ".join(f"{measure} {_largest(cases, measure):.3f}" for measure in MEASURES)
    note = (
        f"At 5% / at 15%; means over {len(result['seeds'])} seeds of {result['draws']} draws each, "
        f"with standard errors of at most: {errors}. Sampled methods ask for at least "
        f"{result['coalitions']:,} coalitions of a ridge classifier, and for fewer where the "
        "truncation of Data Shapley ends an order. Processor seconds, both rates averaged."
    )
    columns = ("players", "method", *map(_arrow, MEASURES), "cpu s")
    return ResultTable(f"Table 3 on {name}", columns, rows, note)


def _players(each: int) -> str:
    return "100 examples" if each == 1 else f"100 owners of {each}"


def _arrow(measure: str) -> str:
    return f"{measure} {'↓' if measure in FALLING else '↑'}"


def _cells(cases: Cases, method: str) -> Iterator[str]:
    for measure in MEASURES:
        yield _pair([case["methods"][method][measure]["mean"] for case in cases])
    seconds = [case["methods"][method]["processor_seconds"]["mean"] for case in cases]
    yield f"{sum(seconds) / len(seconds):.3f}"


def _pair(numbers: Sequence[float]) -> str:
    return " / ".join(f"{number:.2f}" for number in numbers)


def _largest(cases: Cases, measure: str) -> float:
    return max(float(found[measure]["error"]) for c in cases for found in c["methods"].values())


def _standing(summed: Cases, skipped: Mapping[str, str]) -> ResultTable:
    rows = []
    for each in dict.fromkeys(case["each"] for case in summed):
        for measure in MEASURES:
            leads = [case["leads"] for case in _of(summed, each=each)]
            own, printed = ([lead[ours][measure] for lead in leads] for ours in (HCDV, PRINTED))
            rows.append((_players(each), _arrow(measure), *_counted(own), *_counted(printed)))
    missing = " ".join(f"{name} is missing: {why}." for name, why in skipped.items())
    note = (
        f"Sets and rates on which it is ahead of, level with or behind the best of the paper's "
        f"five ({', '.join(FIVE)}), draw by draw: within {CLEAR:.0f} standard errors is level. The "
        f"lead is averaged over them. {_verdict(summed, HCDV)} {_verdict(summed, PRINTED)} "
        f"{DETECTING} is tuned to tell wrong from right inside a "
        "class; where classes differ in size, as Adult's do, its values also set the larger "
        f"class below the smaller, and these measures, which rank all players, suffer. {missing}"
    )
    counts = "ahead, level, behind"
    columns = ("players", "measure", f"{HCDV}: {counts}", "lead", f"{PRINTED}: {counts}", "lead")
    return ResultTable(f"Table 3: where {HCDV} stands", columns, rows, note.strip())


def _verdict(summed: Cases, ours: str) -> str:
    """Say in a sentence how often it is clearly ahead, and on what it falls clearly short."""
    leads = [(measure, case["leads"][ours][measure]) for case in summed for measure in MEASURES]
    ahead = sum(lead["verdict"] == "ahead" for _, lead in leads)
    short = [measure for measure, lead in leads if lead["verdict"] == "behind"]
    named = ", ".join(f"{m} {short.count(m)}" for m in MEASURES if m in short)
    where = f" ({named})" if short else ""
    return (
        f"Of {len(leads)} comparisons {ours} is clearly ahead in {ahead} and falls clearly short "
        f"in {len(short)}{where}."
    )


def _counted(leads: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    verdicts = [lead["verdict"] for lead in leads]
    yield ", ".join(str(verdicts.count(name)) for name in ("ahead", "level", "behind"))
    yield f"{sum(lead['mean'] for lead in leads) / len(leads):+.3f}"


def _paper(summed: Cases, names: Sequence[str]) -> ResultTable:
    rows = [
        (
            _arrow(measure),
            method,
            *map(_pair, figures),
            *(_ours(_of(summed, set=name, each=1), method, measure) for name in names),
        )
        for measure, methods in PAPER.items()
        for method, figures in methods.items()
    ]
    note = (
        "At 5% / at 15%. The paper's on OpenDataVal's embeddings, each set split evenly among 100 "
        "players; ours with players of one example, the reading whose figures are of the same "
        "size. The paper does not say how large its players are or what share of V is wrong, and "
        "the protocol it follows (Garrido-Lucero et al. 2024, DU-Shapley) trains a multi-layer "
        "perceptron. It calls its first measure macro-F1, but chance would then be near 0.4: "
        "figures of 0.1 to 0.35 are the F1 of the wrong ones. Of the third its text says that "
        "higher is better, its header that lower is, and its best figures are the lowest: that is "
        "the curve that adds the least valuable first, as here. All its rows but HCDV's are those "
        "of Table 2 in the DU-Shapley paper, two figures of KNN-Shapley apart by 0.01; that paper "
        "says lower is better."
    )
    columns = ("measure", "method", *(f"{name} (paper)" for name in SETS), *names)
    return ResultTable("Table 3: the paper's figures beside ours", columns, rows, note)


def _ours(cases: Cases, method: str, measure: str) -> str:
    return _pair([case["methods"][method][measure]["mean"] for case in cases])
