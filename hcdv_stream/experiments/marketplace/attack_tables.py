"""Tables of the attacks: what cheating gains, on average, at worst and set by set."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from hcdv_stream.experiments.experiment import ResultTable
from hcdv_stream.experiments.marketplace.attacks import ATTACKS

LITTLE, NEAR = 0.02, 0.03
PARTS = ("default", "balance", "net", "margin")
ONE, TWO, HALVES = "none", "none, two sellers", "none, two partitions"
HONEST = {
    HALVES: ONE,
    "five exact copies, own name": ONE,
    "five exact copies, other names": ONE,
    "five exact copies, other names, two partitions": HALVES,
    "split into five names": ONE,
    "merged with another seller": TWO,
}
"""The market without the attack, with which each is compared; the first is no attack at all."""

Attacks = Sequence[Mapping[str, Any]]


def attack_tables(attacks: Attacks) -> list[ResultTable]:
    """Return what every attack gains, how far each is from honesty, and both set by set."""
    return [_gains(attacks), _distances(attacks), _by_set(attacks)]


def _gains(attacks: Attacks) -> ResultTable:
    rows = []
    for name in ATTACKS:
        of = _named(attacks, name)
        paid = [each for each in of if each["certain"]]
        cells = [_mean(each[way] for each in paid) for way in PARTS]
        worst = _most(each["balance"] for each in paid)
        insisted = _most(each["insisted"] for each in of)
        rows.append((name, *cells[:2], worst, *cells[2:], _refused(of), insisted))
    columns = (
        *("attack", "default weights", "payout", "at worst", "payout, net", "margin"),
        *("pot refused", "at worst if it were paid"),
    )
    note = (
        "The cheating seller's part of the pot under all its names, mean over the markets of five "
        f"like sellers, {len(_named(attacks, ONE))} in all, whose pot is paid. A pot is refused if "
        "V does not tell the corpus from chance; the last column pays these all the same "
        "(`uncertain=true`). Default weights, payout and margin pay nothing below 0; net adds what "
        "is carried over as a balance. Another's rows and jittered copies pay: no rule prevents "
        f"them. {_wrong_labels(attacks)}"
    )
    return ResultTable("Marketplace: attacks", columns, rows, note)


def _wrong_labels(attacks: Attacks) -> str:
    wrong = [each for each in attacks if each["attack"].startswith("all labels wrong")]
    told = []
    for way, which in (("balance", "as it is"), ("insisted", "if every pot were paid")):
        paid = [each for each in wrong if each[way] > LITTLE]
        sets = sorted({each["set"] for each in paid})
        where = f" on {', '.join(sets)}" if sets else ""
        told.append(f"{which} in {len(paid)} of {len(wrong)} markets{where}")
    return f"All labels wrong are paid more than {LITTLE}: {'; '.join(told)}."


def _distances(attacks: Attacks) -> ResultTable:
    rows = []
    for name, honest in HONEST.items():
        pairs = [
            (
                each,
                next(other for other in _named(attacks, honest) if _place(other) == _place(each)),
            )
            for each in _named(attacks, name)
        ]
        paid = [(each, other) for each, other in pairs if each["certain"] and other["certain"]]
        apart = [abs(each["balance"] - other["balance"]) for each, other in paid]
        nets = [abs(each["net"] - other["net"]) for each, other in paid]
        worth = max(abs(each["worth"] - other["worth"]) for each, other in pairs)
        rows.append(
            (
                name,
                _mean(apart),
                _most(apart),
                f"{sum(one <= NEAR for one in apart)} of {len(apart)}",
                _mean(nets),
                _moved(worth) if name != HALVES else "–",
            )
        )
    columns = (
        *("attack", "payout: mean distance", "at worst", f"within {NEAR}"),
        *("payout, net: mean distance", "value: at most"),
    )
    note = (
        "How far the cheating seller's part is from that in the same market without the attack, "
        "where both pots are paid. The first row is no attack: it shows how far payments move when "
        "the same examples are cut into other leaves. Copies are worth nothing, but they take room "
        "in leaves, and so move values likewise. Splits and merges change no value; they change a "
        "payment where a part is below 0, which is carried over. The last column is in units of "
        "v(D), over all markets; partitions play games of their own (–)."
    )
    return ResultTable("Marketplace: copies, splits and merges", columns, rows, note)


def _by_set(attacks: Attacks) -> ResultTable:
    sets = list(dict.fromkeys(each["set"] for each in attacks))
    rows = []
    for name in ATTACKS:
        cells = []
        for one in sets:
            of = [each for each in _named(attacks, name) if each["set"] == one]
            paid = [each["balance"] for each in of if each["certain"]]
            refused = f" ({len(of) - len(paid)})" if len(paid) < len(of) else ""
            cells.append(_mean(paid) + refused)
        rows.append((name, *cells))
    markets = len(_named(attacks, ONE)) // len(sets)
    note = (
        f"The cheating seller's part by payout, mean over those of {markets} markets a set whose "
        "pot is paid; in brackets how many are refused."
    )
    return ResultTable("Marketplace: attacks, set by set", ("attack", *sets), rows, note)


def _moved(worth: float) -> str:
    return f"{worth:.1g}" if worth > 1e-12 else "0"


def _named(attacks: Attacks, name: str) -> Attacks:
    return [each for each in attacks if each["attack"] == name]


def _place(attack: Mapping[str, Any]) -> tuple[str, int]:
    return attack["set"], attack["seed"]


def _refused(attacks: Attacks) -> str:
    return f"{sum(not each['certain'] for each in attacks)} of {len(attacks)}"


def _summary(how: Callable[[list[float]], Any]) -> Callable[[Any], str]:
    def told(numbers: Any) -> str:
        known = list(numbers)
        return f"{how(known):.3f}" if known else "–"

    return told


_mean, _most = _summary(np.mean), _summary(max)
