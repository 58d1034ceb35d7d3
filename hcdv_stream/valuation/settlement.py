"""Paying a pot out by value, and what is carried over where a value is negative.

Settlement is linear. Each account has a claim, its value at one rate plus what was carried over
from earlier settlements; claims above 0 are paid, those below are carried over to the next. The
rate is the one at which the payments add up to the pot, and it is found exactly. A floor at 0
without carrying would pay whoever spreads labels drawn at random over many names: the lucky names
would be paid and the others forgotten.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Literal

import numpy as np

from hcdv_stream.valuation.arrays import Floats

Rule = Literal["balance", "margin"]
"""``balance`` carries what is below 0; ``margin`` pays by ``margins`` and carries nothing."""
_RUN = 4096
"""So many are sorted at once: sorting holds up all other threads."""

RULES: tuple[Rule, ...] = ("balance", "margin")
LEAST_CERTAINTY = 3.0
"""Standard errors of V that v(D) must be above chance, or payments would follow luck."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What n accounts get, in whole units of the pot.

    ``amounts`` add up to the pot; ``balances`` are at most 0; ``rate`` is units for a value of 1.
    """

    amounts: list[int]
    balances: list[int]
    rate: float


def settle(
    pot: int, values: Sequence[float], balances: Sequence[int] | None = None
) -> Settlement | None:
    """Pay ``pot`` out by ``values`` (n,), after ``balances`` (n,) that were carried over.

    Claims are exact until they are cut to whole units, so that no rounding decides; the units that
    are left go to the largest remainders, ties in the order given. None if no value is positive,
    unless there is nothing to pay. Raises ValueError for a balance above 0.
    """
    if balances and max(balances) > 0:
        raise ValueError(f"a balance must be at most 0, got {max(balances)}")
    carried = balances or [0] * len(values)
    weights, scale = _integers(values)
    rate = _rate(pot, weights, carried)
    if rate is None:
        return None
    units, per = rate
    # claims in parts of a unit, ``per`` of which make one
    claims = [
        units * weight + per * balance for weight, balance in zip(weights, carried, strict=True)
    ]
    amounts = [max(claim, 0) // per for claim in claims]
    remainders = [max(claim, 0) % per for claim in claims]
    for place in islice(_descending(remainders), pot - sum(amounts)):
        amounts[place] += 1
    kept = [-((per - 2 * claim) // (2 * per)) if claim < 0 else 0 for claim in claims]
    return Settlement(amounts, kept, _ratio(units * scale, per))


def is_certain(value: float, stderr: float) -> bool:
    """Whether V tells a corpus of this value v(D) − v(∅) from one that is worth nothing.

    With few evaluators of a class, wrong labels may have the higher value by chance.
    """
    return value > 0.0 and value >= LEAST_CERTAINTY * stderr


def margins(values: Floats, squares: Floats) -> Floats:
    """Return Σφ − √Σφ² of accounts whose examples have these sums and sums of squares, (n,).

    For payments without balances. The root is about what luck gives an account of random labels,
    so that spreading them over many names gains nothing: a name with a single example is worth 0
    or less. The price is that an honest account of n examples gives up the part 1/√n, and more
    where its examples' values differ.
    """
    return values - np.sqrt(squares)


def _rate(pot: int, weights: Sequence[int], balances: Sequence[int]) -> tuple[int, int] | None:
    """Return the rate at which claims above 0 add up to the pot, as a ratio.

    Their sum grows with the rate, and bends where an account has made up for its balance.
    """
    weight = balance = 0
    owing: list[tuple[Fraction, int, int]] = []
    for mine, owed in zip(weights, balances, strict=True):
        if mine > 0 and owed:
            owing.append((Fraction(-owed, mine), mine, owed))
        else:
            weight += max(mine, 0)
    owing.sort(key=lambda one: one[0])
    for bend, mine, owed in owing:
        if weight and pot - balance <= bend * weight:
            break
        weight, balance = weight + mine, balance + owed
    if not weight:
        return None if pot else (0, 1)
    return pot - balance, weight


def _integers(values: Sequence[float]) -> tuple[list[int], int]:
    """Return the values times the power of two that makes all of them whole, and that power.

    Integers rather than fractions: the garbage collector would go through objects of a class.
    """
    ratios = [value.as_integer_ratio() for value in values]
    scale = max((denominator for _, denominator in ratios), default=1)
    return [numerator * (scale // denominator) for numerator, denominator in ratios], scale


def _ratio(numerator: int, denominator: int) -> float:
    """Divide; the largest float where that is too large."""
    try:
        return numerator / denominator
    except OverflowError:
        return float(np.finfo(np.float64).max)


def _descending(numbers: Sequence[int]) -> Iterator[int]:
    """Yield the places of the numbers, largest first, equal ones in their order."""
    places = range(len(numbers))
    runs = [
        sorted(places[start : start + _RUN], key=lambda place: -numbers[place])
        for start in range(0, len(numbers), _RUN)
    ]
    return heapq.merge(*runs, key=lambda place: -numbers[place])
