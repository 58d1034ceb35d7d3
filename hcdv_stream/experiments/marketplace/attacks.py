"""What a seller gains by cheating: its part of the pot under each way of paying.

Five sellers sell equal shares of a set, a tenth of all labels wrong; the first one cheats. Copies
are exact, or jittered: their numbers moved by a fiftieth of a standard deviation. Some markets are
spread over two partitions by their ids, as Kafka does; payouts compare these as the API does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hcdv_stream.api.queries.originals import later_originals, originals_in
from hcdv_stream.broker.partitioner import partition_of
from hcdv_stream.experiments.common.datasets import Column
from hcdv_stream.experiments.common.protocol import flip
from hcdv_stream.experiments.marketplace.many_markets import (
    Market,
    played,
    records,
    root_value,
)
from hcdv_stream.experiments.marketplace.market import Ground, summed
from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.settlement import is_certain, margins, settle
from hcdv_stream.valuation.weights import Weights

SELLERS, TIMES, JITTER = 5, 5, 0.02
POT = 10**9
Sellers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Attack:
    """A market, the names that the cheating seller has in it, and how many partitions it fills."""

    market: Market
    names: frozenset[int]
    partitions: int = 1


@dataclass(frozen=True, slots=True)
class Honest:
    """The market before anybody cheats, and how to add to it."""

    site: Ground
    market: Market
    generator: np.random.Generator

    @property
    def mine(self) -> npt.NDArray[np.intp]:
        """Records of the seller that cheats."""
        return np.flatnonzero(self.market.sellers == 0)

    def with_labels(self, labels: npt.NDArray[np.int16]) -> Market:
        """Return the market with other labels on the cheating seller's records."""
        changed = self.market.labels.copy()
        changed[self.mine] = labels
        return replace(self.market, labels=changed)

    def named(self, names: Sellers) -> Market:
        """Return the market with other names on the cheating seller's records."""
        sellers = self.market.sellers.copy()
        sellers[self.mine] = names
        return replace(self.market, sellers=sellers)

    def wrong(self) -> npt.NDArray[np.int16]:
        """Return a wrong label for each of the cheating seller's records."""
        true = self.site.data.labels[self.market.rows[self.mine]]
        steps = self.generator.integers(1, len(self.site.data.classes), len(true))
        return ((true + steps) % len(self.site.data.classes)).astype(np.int16)

    def jittered(self, market: Market) -> Market:
        """Return records with moved numbers: no two are the same."""
        data = self.site.data
        columns: dict[str, Column] = {}
        for name, column in data.take(market.rows).columns.items():
            if column.dtype == object:
                columns[name] = column
            else:
                numbers = column.astype(np.float64)
                spread = float(np.nanstd(data.columns[name].astype(np.float64)))
                columns[name] = numbers + self.generator.normal(0, JITTER * spread, len(numbers))
        moved = records(self.site, market.rows, market.sellers, columns)
        return replace(moved, labels=market.labels)


def honest(site: Ground) -> Honest:
    """Draw the market of five like sellers."""
    generator = np.random.default_rng([site.seed, 9])
    rows = generator.permutation(site.offered)
    rows = rows[: SELLERS * (len(rows) // SELLERS)]
    market = records(site, rows, np.arange(len(rows)) % SELLERS)
    labels, _ = flip(market.labels, len(site.data.classes), generator)
    return Honest(site, replace(market, labels=labels), generator)


def _wrong(names: int) -> Callable[[Honest], Attack]:
    def attack(of: Honest) -> Attack:
        market = of.with_labels(of.wrong())
        wrong = market.take(of.mine)
        for name in range(SELLERS, SELLERS + names - 1):
            sybil = of.jittered(replace(wrong, sellers=np.full(len(wrong.rows), name)))
            market = market.and_then(sybil)
        return Attack(market, frozenset({0, *range(SELLERS, SELLERS + names - 1)}))

    return attack


def _random(of: Honest) -> Attack:
    drawn = of.generator.integers(0, len(of.site.data.classes), len(of.mine)).astype(np.int16)
    names = SELLERS + np.arange(len(of.mine))
    market = replace(of.with_labels(drawn), sellers=of.named(names).sellers)
    return Attack(market, frozenset(names.tolist()))


def _copies(own_name: bool, jitter: bool = False) -> Callable[[Honest], Attack]:
    def attack(of: Honest) -> Attack:
        market, mine = of.market, of.market.take(of.mine)
        names = [0 if own_name else SELLERS + time for time in range(TIMES)]
        for name in names:
            copy = replace(mine, sellers=np.full(len(mine.rows), name))
            market = market.and_then(of.jittered(copy) if jitter else copy)
        return Attack(market, frozenset({0, *names}))

    return attack


def _split(of: Honest) -> Attack:
    names = SELLERS + np.arange(len(of.mine)) % TIMES
    return Attack(of.named(names), frozenset(names.tolist()))


def _merged(of: Honest) -> Attack:
    sellers = np.where(of.market.sellers == 1, 0, of.market.sellers)
    return Attack(replace(of.market, sellers=sellers), frozenset({0}))


def _stolen(of: Honest) -> Attack:
    victim = of.market.take(np.flatnonzero(of.market.sellers == 1))
    stolen = replace(victim, sellers=np.zeros(len(victim.rows), np.int64))
    return Attack(stolen.and_then(of.market), frozenset({0}))


def _in_two_partitions(attack: Callable[[Honest], Attack]) -> Callable[[Honest], Attack]:
    return lambda of: replace(attack(of), partitions=2)


def _none(of: Honest) -> Attack:
    return Attack(of.market, frozenset({0}))


ATTACKS: Mapping[str, Callable[[Honest], Attack]] = {
    "none": _none,
    "none, two sellers": lambda of: Attack(of.market, frozenset({0, 1})),
    "all labels wrong": _wrong(1),
    "all labels wrong, five names": _wrong(5),
    "all labels wrong, ten names": _wrong(10),
    "labels at random, a name a row": _random,
    "five exact copies, own name": _copies(own_name=True),
    "five exact copies, other names": _copies(own_name=False),
    "none, two partitions": _in_two_partitions(_none),
    "five exact copies, other names, two partitions": _in_two_partitions(_copies(own_name=False)),
    "split into five names": _split,
    "merged with another seller": _merged,
    "five jittered copies, own name": _copies(own_name=True, jitter=True),
    "another's rows, sold before": _stolen,
}
"""Attacks by name. The last two pay: no rule here prevents them."""


def attacked(site: Ground) -> list[dict[str, Any]]:
    """Return the cheating seller's part of the pot under every attack and way of paying."""
    found = []
    for name, attack in ATTACKS.items():
        parts = _parts(site, attack(honest(site)))
        found.append({"attack": name, "set": site.data.name, "seed": site.seed} | parts)
    return found


def _parts(site: Ground, attack: Attack) -> dict[str, float]:
    """Return the part of the pot that the cheating seller's names get, way by way.

    ``insisted`` is by balances although V does not tell the corpus from chance; ``worth`` is what
    the names are worth together, before any floor.
    """
    mine = sorted(attack.names)
    examples = valued_examples(site, attack)
    default = summed(examples.default, examples.sellers)
    payout = summed(examples.payout, examples.sellers)
    squares = summed(examples.payout * examples.payout, examples.sellers)
    certain = is_certain(examples.value, examples.stderr)
    paid = 1.0 if certain else 0.0  # the pot stays where it is, unless somebody insists
    net = 0.0
    if certain and (settled := settle(POT, payout.tolist())):
        net = sum(settled.amounts[name] + settled.balances[name] for name in mine) / POT
    insisted = _part(payout, mine)
    return {
        "default": _part(default, mine),
        "balance": paid * insisted,
        "net": net,
        "margin": paid * _part(margins(payout, squares), mine),
        "insisted": insisted,
        "worth": float(payout[mine].sum()),
        "certain": float(certain),
        "value": examples.value,
        "stderr": examples.stderr,
    }


class ValuedExamples(NamedTuple):
    """Examples of all partitions: what each is worth and whose it is, and v(D) for payouts."""

    default: Floats
    payout: Floats
    sellers: Sellers
    value: float
    stderr: float


def valued_examples(site: Ground, attack: Attack) -> ValuedExamples:
    """Value a market, partition by partition; copies in another partition are worth nothing."""
    market = attack.market
    ids = market.batch().ids
    places = np.array([partition_of(name, attack.partitions) for name in ids])
    parts = [market.take(np.flatnonzero(places == number)) for number in range(attack.partitions)]
    corpora = [played(site, part) for part in parts]
    found = {number: originals_in(corpus.state) for number, corpus in enumerate(corpora)}
    later = later_originals({number: (one[0], one[1]) for number, one in found.items()})
    payouts = []
    for number, corpus in enumerate(corpora):
        values = corpus.values(Weights.for_payouts()).value.copy()
        copies = np.isin(found[number].fingerprints, np.array(later[number], np.uint64))
        values[found[number].rows[copies]] = 0.0
        payouts.append(values)
    sellers = [
        part.sellers[[int(name) for name in corpus.ids]]
        for part, corpus in zip(parts, corpora, strict=True)
    ]
    payout = np.concatenate(payouts)
    return ValuedExamples(
        np.concatenate([corpus.values(Weights()).value for corpus in corpora]),
        payout,
        np.concatenate(sellers),
        float(payout.sum()),
        sum(root_value(corpus)[1] for corpus in corpora),
    )


def _part(values: Floats, mine: list[int]) -> float:
    """Return what these names are paid of a pot, from 0 to 1; 0 if nobody is."""
    settled = settle(POT, values.tolist())
    return 0.0 if settled is None else sum(settled.amounts[name] for name in mine) / POT
