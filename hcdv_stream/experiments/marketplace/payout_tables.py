"""Tables of the markets and of the attacks."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hcdv_stream.experiments.common.scores import spread_of
from hcdv_stream.experiments.experiment import Result, ResultTable
from hcdv_stream.experiments.marketplace.attacks import ATTACKS
from hcdv_stream.experiments.marketplace.payouts import FEW
from hcdv_stream.experiments.marketplace.tracking import DEFAULT, PAYOUT
from hcdv_stream.experiments.marketplace.truths import MEASURES

COEFFICIENTS = ("pearson", "spearman")
LITTLE, NEAR = 0.02, 0.03
WAYS = ("default", "balance", "net", "margin")


def payout_tables(result: Result) -> list[ResultTable]:
    """Return what tracks the truths, set by set too, and what cheating gains."""
    markets = result["markets"]
    few = [market for market in markets if market["sellers"] == FEW]
    many = [market for market in markets if market["sellers"] != FEW]
    return [
        _tracking("Marketplace: five sellers, many markets", few),
        _by_set(few),
        *([_tracking("Marketplace: fifty sellers", many)] if many else []),
        _attacks(result["attacks"]),
    ]


def _tracking(title: str, markets: Sequence[Mapping[str, Any]]) -> ResultTable:
    rows = []
    for name in markets[0]["by"][MEASURES[0]]["methods"]:
        cells = [
            _spread([market["by"][measure]["methods"][name][rho] for market in markets])
            for measure in MEASURES
            for rho in COEFFICIENTS
        ]
        rows.append((name, *cells, *(_gain(markets, name, rho) for rho in COEFFICIENTS)))
    ceilings = [
        _spread(
            [each[rho] for market in markets for each in market["by"][measure]["ceiling"].values()]
        )
        for measure in MEASURES
        for rho in COEFFICIENTS
    ]
    rows.append(("ceiling: a truth with the others", *ceilings, "", ""))
    columns = (
        "paid by",
        *(f"{measure}, {rho}" for measure in MEASURES for rho in ("Pearson", "Spearman")),
        "gain, Pearson",
        "gain, Spearman",
    )
    sets = len({market["set"] for market in markets})
    note = (
        f"{len(markets)} markets on {sets} sets, mean ± sd over markets of the correlation with "
        "the consensus of three truths: group Shapley values of logistic regression, boosting and "
        "nearest neighbours, retrained, by what they score on rows that no method sees. Gain: over "
        f"the {DEFAULT}, paired, by AUC, mean ± standard error."
    )
    return ResultTable(title, columns, rows, note)


def _gain(markets: Sequence[Mapping[str, Any]], name: str, rho: str) -> str:
    gains = [
        of["methods"][name][rho] - of["methods"][DEFAULT][rho]
        for of in (market["by"][MEASURES[0]] for market in markets)
    ]
    if name == DEFAULT:
        return ""
    spread = spread_of(gains)
    return f"{spread['mean']:+.2f} ± {spread['sd'] / np.sqrt(len(gains)):.2f}"


def _by_set(markets: Sequence[Mapping[str, Any]]) -> ResultTable:
    rows = []
    for name in dict.fromkeys(market["set"] for market in markets):
        of = [market["by"][MEASURES[0]] for market in markets if market["set"] == name]
        cells = [
            _mean([each["methods"][method][rho] for each in of])
            for method in (DEFAULT, PAYOUT)
            for rho in COEFFICIENTS
        ]
        ceiling = _mean([each["pearson"] for one in of for each in one["ceiling"].values()])
        rows.append((name, *cells, ceiling))
    columns = (
        "set",
        *(f"{method}, {rho}" for method in ("default", "payout") for rho in ("ρ", "Spearman's")),
        "ceiling, ρ",
    )
    note = "Means over the markets of each set, by AUC."
    return ResultTable("Marketplace: five sellers, set by set", columns, rows, note)


def _attacks(attacks: Sequence[Mapping[str, Any]]) -> ResultTable:
    rows = []
    ruled = all("certain" in each for each in attacks)
    for name in ATTACKS:
        of = [each for each in attacks if each["attack"] == name]
        cells = [f"{np.mean([each[way] for each in of]):.3f}" for way in WAYS]
        worst = f"{max(each['balance'] for each in of):.3f}"
        refused = f"{sum(not _is_certain(each) for each in of)} of {len(of)}" if ruled else "–"
        rows.append((name, *cells[:2], worst, *cells[2:], refused))
    columns = (
        *("attack", "default weights", "payout", "at worst", "payout, net", "margin"),
        "not paid",
    )
    markets = len([each for each in attacks if each["attack"] == "none"])
    note = (
        f"The cheating seller's part of the pot under all its names, mean over {markets} markets "
        "of five like sellers. Default weights, payout and margin pay nothing below 0; net adds "
        "what is carried over as a balance. Not paid: V does not tell the corpus from chance, so "
        "that payout and margin pay nobody (–: measured without that rule). The last two attacks "
        "pay: no rule prevents them. "
        f"{_exceptions(attacks)}"
    )
    return ResultTable("Marketplace: attacks", columns, rows, note)


def _exceptions(attacks: Sequence[Mapping[str, Any]]) -> str:
    """Say where wrong labels are paid, and how far copies are from the honest part."""
    honest = {_place(each): each["balance"] for each in attacks if each["attack"] == "none"}
    paid = sorted(
        {
            each["set"]
            for each in attacks
            if each["attack"].startswith("all labels wrong") and each["balance"] > LITTLE
        }
    )
    copied = "five exact copies, other names"
    compared = [each for each in attacks if each["attack"] in {"none", copied}]
    refused = {_place(each) for each in compared if not _is_certain(each)}
    copies = [
        abs(each["balance"] - honest[_place(each)])
        for each in compared
        if each["attack"] == copied and _place(each) not in refused
    ]
    near = sum(distance <= NEAR for distance in copies)
    where = f"more than {LITTLE} on {', '.join(paid)} alone" if paid else f"at most {LITTLE}"
    return (
        f"All labels wrong: paid {where}. Exact copies: within {NEAR} of the honest part in "
        f"{near} of {len(copies)} markets that V tells from chance, "
        f"{np.mean(copies or [0.0]):.3f} away on average."
    )


def _is_certain(attack: Mapping[str, Any]) -> bool:
    """Whether V told the corpus from chance."""
    return bool(attack.get("certain", True))


def _place(attack: Mapping[str, Any]) -> tuple[str, int]:
    return attack["set"], attack["seed"]


def _spread(numbers: Sequence[float]) -> str:
    spread = spread_of(numbers)
    return f"{spread['mean']:.2f} ± {spread['sd']:.2f}"


def _mean(numbers: Sequence[float]) -> str:
    return f"{np.mean(numbers):.2f}"
