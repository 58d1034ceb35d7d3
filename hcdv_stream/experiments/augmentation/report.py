"""Tables of the augmentation experiment: accuracy, differences, what slices are made of."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hcdv_stream.experiments.augmentation.pool import GENERATED, KINDS
from hcdv_stream.experiments.augmentation.run import ORIGINALS, RANDOM
from hcdv_stream.experiments.common.scores import spread_of
from hcdv_stream.experiments.experiment import Result, ResultTable
from hcdv_stream.valuation.arrays import Floats

Runs = Sequence[Mapping[str, Any]]

TOP, BOTTOM = "HCDV top", "HCDV bottom"
MISSING = "–"
PAIRS = (
    (TOP, BOTTOM, "+2.8"),
    (TOP, "HCDV mid", MISSING),
    (TOP, "MCDS top", "+0.9 to +1.2"),
    (TOP, "GS top", "+0.9 to +1.2"),
    (TOP, "KNN-Shapley top", MISSING),
    (TOP, RANDOM, MISSING),
    ("HCDV select", RANDOM, MISSING),
    (TOP, ORIGINALS, MISSING),
)
"""Which slices are compared, and the paper's points between them."""
PAPER_KINDS = {"affine": "23%", "colour": MISSING, "cutout": "7%", GENERATED: "51%"}


def tables(result: Result) -> list[ResultTable]:
    """Return accuracies, their differences beside the paper's, the slices, and what is found."""
    runs = result["runs"]
    return [_accuracies(runs), _paper(runs), _slices(runs), _kinds(runs), _found(runs)]


def _points(runs: Runs, name: str) -> Floats:
    """Return the accuracy with a slice in per cent, (seeds, initialisations)."""
    return 100 * np.array(
        [run[name] if name == ORIGINALS else run["slices"][name]["accuracy"] for run in runs]
    )


def _paired(runs: Runs, name: str, other: str) -> str:
    """Return the mean difference in points, ± its standard error over all pairs."""
    apart = (_points(runs, name) - _points(runs, other)).ravel()
    stderr = float(apart.std(ddof=1) / np.sqrt(len(apart))) if len(apart) > 1 else 0.0
    return f"{apart.mean():+.2f} ± {stderr:.2f}"


def _accuracies(runs: Runs) -> ResultTable:
    rows = []
    for name in (*runs[0]["slices"], ORIGINALS):
        points = _points(runs, name)
        rows.append(
            (
                name,
                f"{points.mean():.2f}",
                f"{points.mean(axis=1).std(ddof=1) if len(runs) > 1 else 0.0:.2f}",
                f"{np.sqrt(points.var(axis=1, ddof=1).mean()):.2f}",
                MISSING if name == RANDOM else _paired(runs, name, RANDOM),
            )
        )
    size, each = runs[0]["size"], _points(runs, RANDOM).shape[1]
    seconds = {name: np.mean([run["seconds"][name] for run in runs]) for name in runs[0]["seconds"]}
    spent = ", ".join(f"{name} {took:.0f}" for name, took in seconds.items())
    note = (
        f"{len(runs)} seeds, {each} initialisations each; slices of {size}. The sd over seeds is "
        "that of a seed's mean, the other that of one training about it; the difference is paired, "
        f"± its standard error over all {len(runs) * each} pairs. Processor seconds a seed: "
        f"{spent}."
    )
    columns = (
        *("30% from", "accuracy, %", "sd over seeds", "sd over initialisations"),
        "points above random",
    )
    return ResultTable("Augmentation: training with a slice", columns, rows, note)


def _paper(runs: Runs) -> ResultTable:
    rows = [
        (f"points: {name} minus {other}", _paired(runs, name, other), theirs)
        for name, other, theirs in PAIRS
    ]
    top = [run["slices"][TOP] for run in runs]
    overlap = _percent([each["overlap"] for each in top])
    rows.append(("cluster overlap of the top", overlap, "58%"))
    classes = np.mean([np.count_nonzero(each["counts"]) for each in top])
    rows.append(("classes in the top", f"{classes:.1f}", "10"))
    for kind, theirs in PAPER_KINDS.items():
        rows.append((f"{kind} in the top", _kind_share(top, kind), theirs))
    return ResultTable(
        "Augmentation: beside the paper",
        ("", "found", "paper"),
        rows,
        "Paired differences ± standard error, as above. The paper's figures are from its text and "
        "its Figures 1 and 2, whose accuracies lie between 89% and 92.5%: another generator, "
        "another ConvNet, and eighteen times as many images to train on.",
    )


def _slices(runs: Runs) -> ResultTable:
    rows = []
    for name in runs[0]["slices"]:
        found = [run["slices"][name] for run in runs]
        rows.append(
            (
                name,
                _percent([each["overlap"] for each in found], 1),
                _percent([each["beyond"] for each in found], 1),
                _percent([each["recognised"] for each in found]),
                f"{np.mean([np.count_nonzero(each['counts']) for each in found]):.1f}",
                f"{np.mean([min(each['counts']) for each in found]):.0f}",
                *(_kind_share(found, kind) for kind in KINDS),
            )
        )
    columns = (
        *("slice", "cluster overlap", "beyond τ", "recognised", "classes", "fewest of a class"),
        *KINDS,
    )
    return ResultTable(
        "Augmentation: what the slices are made of", columns, rows, "Means over seeds."
    )


def _kinds(runs: Runs) -> ResultTable:
    rows = [
        (
            kind,
            _percent([run["kinds"][kind]["recognised"] for run in runs], 1),
            _percent([run["kinds"][kind]["beyond"] for run in runs], 1),
        )
        for kind in runs[0]["kinds"]
    ]
    note = (
        "Recognised: given its label by a ConvNet trained on other originals, which is wrong on "
        "some originals too."
    )
    return ResultTable("Augmentation: the kinds", ("kind", "recognised", "beyond τ"), rows, note)


def _found(runs: Runs) -> ResultTable:
    names = list(runs[0]["found"])
    columns = list(runs[0]["found"][names[0]])
    rows = [
        (name, *(_spread([run["found"][name][column] for run in runs]) for column in columns))
        for name in names
    ]
    unseen = _percent([1.0 - run["seen by MCDS"] for run in runs])
    note = (
        "AUC of −value against the candidates that are not recognised, in all and averaged over "
        f"classes, mean ± sd over seeds. MCDS had no value for {unseen} of the candidates."
    )
    return ResultTable("Augmentation: bad candidates found", ("method", *columns), rows, note)


def _kind_share(found: Sequence[Mapping[str, Any]], kind: str) -> str:
    shares = [each["kinds"].get(kind, 0) / sum(each["kinds"].values()) for each in found]
    return _percent(shares)


def _percent(shares: Sequence[float], digits: int = 0) -> str:
    return f"{100 * np.mean(shares):.{digits}f}%"


def _spread(numbers: Sequence[float]) -> str:
    spread = spread_of(numbers)
    return f"{spread['mean']:.3f} ± {spread['sd']:.3f}"
