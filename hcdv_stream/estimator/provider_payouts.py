"""What providers are paid of a pot, as an estimator answers it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.settlement import RULES, Rule, margins, settle


@dataclass(frozen=True, slots=True)
class ProviderPayouts:
    """A settlement by provider.

    ``rule`` and ``pot`` as they were given; ``rate`` is what a value of 1 is paid; ``values`` are
    what each provider's examples are worth under the weights of payouts; ``amounts`` add up to the
    pot; ``balances`` are at most 0 and belong into the next settlement.
    """

    rule: Rule
    pot: int
    rate: float
    values: Mapping[str, float]
    amounts: Mapping[str, int]
    balances: Mapping[str, int]


def paid_out(
    providers: Sequence[str | None],
    values: Floats,
    pot: int,
    balances: Mapping[str, int] | None,
    rule: Rule,
) -> ProviderPayouts:
    """Settle examples' values (n,), of whom None and NaN have no part; raises ValueError."""
    if rule not in RULES:
        raise ValueError(f"rule must be {' or '.join(RULES)}, got {rule!r}")
    if not _is_whole(pot) or pot < 0:
        raise ValueError(f"pot must be a whole number of at least 0, got {pot!r}")
    carried = dict(balances or {})
    for name, balance in carried.items():
        if not _is_whole(balance) or balance > 0:
            raise ValueError(
                f"the balance of {name!r} must be a whole number of at most 0, got {balance!r}"
            )
    if carried and rule == "margin":
        raise ValueError("rule='margin' carries no balances: leave them out")
    if len(providers) and all(name is None for name in providers):
        raise ValueError("no example names a provider: give fit the argument provider")
    names = sorted({name for name in providers if name is not None} | carried.keys())
    place = {name: number for number, name in enumerate(names)}
    rows = [row for row, name in enumerate(providers) if name is not None]
    owner = np.array([place[providers[row] or ""] for row in rows], np.intp)
    mine = values[rows]
    sums: Floats = np.bincount(owner, weights=mine, minlength=len(names)).astype(np.float64)
    claims = sums
    if rule == "margin":
        squares = np.bincount(owner, weights=mine * mine, minlength=len(names))
        claims = margins(sums, squares.astype(np.float64))
    found = settle(int(pot), claims.tolist(), [carried.get(name, 0) for name in names])
    if found is None:
        raise ValueError("no provider's examples are worth more than nothing together")
    kept = [0] * len(names) if rule == "margin" else found.balances
    return ProviderPayouts(
        rule,
        int(pot),
        found.rate,
        dict(zip(names, sums.tolist(), strict=True)),
        dict(zip(names, found.amounts, strict=True)),
        dict(zip(names, kept, strict=True)),
    )


def _is_whole(number: object) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool)
