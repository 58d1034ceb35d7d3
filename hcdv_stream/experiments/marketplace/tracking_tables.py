"""Tables of the markets: what tracks the truths, and how well it could at best."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from hcdv_stream.experiments.common.scores import spread_of
from hcdv_stream.experiments.experiment import ResultTable
from hcdv_stream.experiments.marketplace.payouts import FEW
from hcdv_stream.experiments.marketplace.tracking import DEFAULT, PAYOUT
from hcdv_stream.experiments.marketplace.truths import MEASURES

COEFFICIENTS = ("pearson", "spearman")
Markets = Sequence[Mapping[str, Any]]


def tracking_tables(markets: Markets) -> list[ResultTable]:
    """Return the markets of five sellers, those that are paid, each set's, and those of fifty."""
    few = [market for market in markets if market["sellers"] == FEW]
    many = [market for market in markets if market["sellers"] != FEW]
    paid = [market for market in few if market["worth"]["certain"]]
    return [
        _tracking("Marketplace: five sellers, many markets", few),
        *([_tracking("Marketplace: five sellers, pots that are paid", paid)] if paid else []),
        _by_set("Marketplace: five sellers, set by set", few),
        *([_tracking("Marketplace: fifty sellers", many)] if many else []),
        *([_by_set("Marketplace: fifty sellers, set by set", many)] if many else []),
    ]


def ceiling_of(markets: Markets) -> float:
    """Return how well a truth of five sellers correlates with the others, by AUC, on average."""
    of = [market["by"][MEASURES[0]]["ceiling"] for market in markets if market["sellers"] == FEW]
    return float(np.mean([each["pearson"] for one in of for each in one.values()]))


def _tracking(title: str, markets: Markets) -> ResultTable:
    rows = []
    for name in markets[0]["by"][MEASURES[0]]["methods"]:
        cells = [
            _spread([market["by"][measure]["methods"][name][rho] for market in markets])
            for measure in MEASURES
            for rho in COEFFICIENTS
        ]
        gains = [
            "" if name == DEFAULT else _gain(markets, name, measure, rho)
            for measure in MEASURES
            for rho in COEFFICIENTS
        ]
        rows.append((name, *cells, *gains))
    ceilings = [
        _spread(
            [each[rho] for market in markets for each in market["by"][measure]["ceiling"].values()]
        )
        for measure in MEASURES
        for rho in COEFFICIENTS
    ]
    rows.append(("ceiling: a truth with the others", *ceilings, *[""] * len(ceilings)))
    columns = (
        "paid by",
        *(f"{measure}, {rho}" for measure in MEASURES for rho in ("Pearson", "Spearman")),
        *(f"gain by {measure}, {rho}" for measure in MEASURES for rho in ("Pearson", "Spearman")),
    )
    sets = len({market["set"] for market in markets})
    refused = sum(not market["worth"]["certain"] for market in markets)
    note = (
        f"{len(markets)} markets on {sets} sets, mean ± sd over markets of the correlation with "
        "the consensus of three truths: group Shapley values of logistic regression, boosting and "
        "nearest neighbours, retrained, by what they score on rows that no method sees. Gain: over "
        f"the {DEFAULT}, paired, mean ± standard error over markets. In {refused} of them V does "
        f"not tell the corpus from chance, so that the pot is refused.{_sampled(markets)}"
    )
    return ResultTable(title, columns, rows, note)


def _sampled(markets: Markets) -> str:
    """Say how large the truths' own errors are, where coalitions were sampled."""
    shares = [1.0 - market["by"][MEASURES[0]]["reliability"] for market in markets]
    if not max(shares):
        return ""
    most = np.mean([np.sqrt(market["by"][MEASURES[0]]["reliability"]) for market in markets])
    return (
        f" The truths are sampled: by AUC, {np.mean(shares):.1%} of the consensus' variance is "
        f"their error ({max(shares):.1%} at most), so that nothing can correlate above {most:.2f}."
    )


def _gain(markets: Markets, name: str, measure: str, rho: str) -> str:
    return _with_error(_gains(markets, name, measure, rho))


def _gains(markets: Markets, name: str, measure: str, rho: str) -> list[float]:
    return [
        of["methods"][name][rho] - of["methods"][DEFAULT][rho]
        for of in (market["by"][measure] for market in markets)
    ]


def _by_set(title: str, markets: Markets) -> ResultTable:
    measure = MEASURES[0]
    names = list(dict.fromkeys(market["set"] for market in markets))
    groups = [[market for market in markets if market["set"] == name] for name in names]

    def correlation(method: str, rho: str) -> Callable[[Markets], float]:
        return lambda of: float(
            np.mean([market["by"][measure]["methods"][method][rho] for market in of])
        )

    def gain(rho: str) -> Callable[[Markets], float]:
        return lambda of: float(np.mean(_gains(of, PAYOUT, measure, rho)))

    def ceiling(of: Markets) -> float:
        found = [each for market in of for each in market["by"][measure]["ceiling"].values()]
        return float(np.mean([each["pearson"] for each in found]))

    figures = [
        *(correlation(method, rho) for method in (DEFAULT, PAYOUT) for rho in COEFFICIENTS),
        *(gain(rho) for rho in COEFFICIENTS),
        ceiling,
    ]
    rows = [
        (name, *(f"{figure(of):.2f}" for figure in figures), _refused(of))
        for name, of in zip(names, groups, strict=True)
    ]
    means = [_with_error([figure(of) for of in groups], sign="") for figure in figures]
    rows.append(("mean over sets", *means, _refused(markets)))
    columns = (
        "set",
        *(f"{method}, {rho}" for method in ("default", "payout") for rho in ("ρ", "Spearman's")),
        *(f"gain, {rho}" for rho in ("ρ", "Spearman's")),
        "ceiling, ρ",
        "pot refused",
    )
    note = "Means over the markets of each set, by AUC; in the last row ± standard error over sets."
    return ResultTable(title, columns, rows, note)


def _refused(markets: Markets) -> str:
    return f"{sum(not market['worth']['certain'] for market in markets)} of {len(markets)}"


def _spread(numbers: Sequence[float]) -> str:
    spread = spread_of(numbers)
    return f"{spread['mean']:.2f} ± {spread['sd']:.2f}"


def _with_error(numbers: Sequence[float], sign: str = "+") -> str:
    spread = spread_of(numbers)
    return f"{spread['mean']:{sign}.2f} ± {spread['sd'] / np.sqrt(len(numbers)):.2f}"
