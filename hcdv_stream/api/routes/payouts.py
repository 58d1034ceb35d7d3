"""Sharing an amount out by value, to the last unit: the method of the largest remainder."""

from collections.abc import Sequence
from fractions import Fraction


def shared_out(amount: int, values: Sequence[float]) -> list[int] | None:
    """Return each part of ``amount``, in its units; they add up to it exactly.

    Negative values get nothing and take nothing from the others. Parts are exact fractions until
    they are cut to whole units, so that no rounding decides. None if no value is positive,
    unless there is nothing to share.
    """
    weights = [Fraction(max(value, 0.0)) for value in values]
    total = sum(weights)
    if not total:
        return None if amount else [0] * len(values)
    parts = [amount * weight / total for weight in weights]
    whole = [int(part) for part in parts]
    by_remainder = sorted(range(len(parts)), key=lambda place: whole[place] - parts[place])
    for place in by_remainder[: amount - sum(whole)]:
        whole[place] += 1
    return whole
