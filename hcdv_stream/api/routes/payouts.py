"""Sharing an amount out by value, to the last unit: the method of the largest remainder."""

import heapq
from collections.abc import Iterator, Sequence
from itertools import islice

_RUN = 4096
"""So many are sorted at once: sorting holds up all other threads."""


def shared_out(amount: int, values: Sequence[float]) -> list[int] | None:
    """Return each part of ``amount``, in its units; they add up to it exactly.

    Negative values get nothing and take nothing from the others. Parts are exact until they are cut
    to whole units, so that no rounding decides. None if no value is positive, unless there is
    nothing to share.
    """
    weights = _integers(values)
    total = sum(weights)
    if not total:
        return None if amount else [0] * len(values)
    whole = [amount * weight // total for weight in weights]
    remainders = [amount * weight % total for weight in weights]
    for place in islice(_descending(remainders), amount - sum(whole)):
        whole[place] += 1
    return whole


def _integers(values: Sequence[float]) -> list[int]:
    """Return the positive values, others as 0, times the power of two that makes all of them whole.

    Integers rather than fractions: the garbage collector would go through objects of a class.
    """
    ratios = [max(value, 0.0).as_integer_ratio() for value in values]
    scale = max((denominator for _, denominator in ratios), default=1)
    return [numerator * (scale // denominator) for numerator, denominator in ratios]


def _descending(numbers: Sequence[int]) -> Iterator[int]:
    """Yield the places of the numbers, largest first, equal ones in their order."""
    places = range(len(numbers))
    runs = [
        sorted(places[start : start + _RUN], key=lambda place: -numbers[place])
        for start in range(0, len(numbers), _RUN)
    ]
    return heapq.merge(*runs, key=lambda place: -numbers[place])
