"""Settlements: they add up to the pot, whatever the values, and forget nothing."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hcdv_stream.valuation import settlement
from hcdv_stream.valuation.settlement import margins, settle

VALUES = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9).map(
    lambda value: value if abs(value) > 1e-100 else 0.0
)
"""A value is a sum of parts of 1/n: nothing but 0 is as near to 0 as that."""
ACCOUNTS = st.lists(st.tuples(VALUES, st.integers(-(10**12), 0)), min_size=1, max_size=30)


@given(st.integers(0, 10**15), st.lists(VALUES, min_size=1, max_size=40))
def test_without_balances_it_is_in_proportion(pot, values):
    found = settle(pot, values)
    positive = [Fraction(max(value, 0.0)) for value in values]
    if not any(positive):
        assert found is None or (pot == 0 and not any(found.amounts))
        return
    assert sum(found.amounts) == pot
    for part, value in zip(found.amounts, positive, strict=True):
        assert abs(part - pot * value / sum(positive)) < 1
        assert part == 0 or value > 0
    for one, other in zip(range(len(values)), range(1, len(values)), strict=False):
        if positive[one] > positive[other]:
            assert found.amounts[one] >= found.amounts[other]
    for balance, value in zip(found.balances, values, strict=True):
        assert abs(balance - min(pot * Fraction(value) / sum(positive), 0)) <= Fraction(1, 2)


@given(st.integers(0, 10**15), ACCOUNTS)
def test_amounts_add_up_and_claims_are_at_one_rate(pot, accounts):
    values, balances = [value for value, _ in accounts], [balance for _, balance in accounts]
    found = settle(pot, values, balances)
    if not any(value > 0 for value in values):
        assert found is None or (pot == 0 and found.balances == balances)
        return
    assert sum(found.amounts) == pot
    assert min(found.amounts) >= 0
    assert max(found.balances) <= 0
    scale = max(pot, *(abs(balance) for balance in balances), 1)
    for value, before, amount, balance in zip(
        values, balances, found.amounts, found.balances, strict=True
    ):
        claim = found.rate * value + before
        slack = 1.5 + 1e-9 * (scale + abs(found.rate * value))
        assert abs(amount + balance - claim) <= slack
        assert amount == 0 or balance == 0


def exact_shares(amount, values):
    """The same in fractions and with one sort."""
    weights = [Fraction(max(value, 0.0)) for value in values]
    parts = [amount * weight / sum(weights) for weight in weights]
    whole = [int(part) for part in parts]
    by_remainder = sorted(range(len(parts)), key=lambda place: whole[place] - parts[place])
    for place in by_remainder[: amount - sum(whole)]:
        whole[place] += 1
    return whole


@given(
    st.integers(0, 10**15),
    st.lists(VALUES | st.sampled_from([0.25, 1.0, 5e-324]), min_size=1, max_size=40),
)
def test_sorted_in_runs_they_are_what_fractions_give(amount, values):
    assume(max(values) > 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settlement, "_RUN", 3)
        assert settle(amount, values).amounts == exact_shares(amount, values)


def slow_rate(pot, values, balances):
    """Halve the interval until the payments are the pot."""
    low, high = 0.0, 1e18
    for _ in range(300):
        middle = (low + high) / 2
        paid = sum(max(middle * v + b, 0.0) for v, b in zip(values, balances, strict=True))
        low, high = (middle, high) if paid < pot else (low, middle)
    return high


@given(
    st.integers(1, 10**6),
    st.lists(
        st.tuples(st.floats(0.01, 10) | st.floats(-10, -0.01), st.integers(-(10**6), 0)),
        min_size=1,
        max_size=12,
    ),
)
def test_the_rate_is_that_of_a_slow_search(pot, accounts):
    values, balances = [value for value, _ in accounts], [balance for _, balance in accounts]
    found = settle(pot, values, balances)
    if found is not None:
        assert found.rate == pytest.approx(slow_rate(pot, values, balances), rel=1e-6)


def test_by_hand():
    assert settle(100, [1.0, 1.0, 1.0]).amounts == [34, 33, 33]
    found = settle(10, [0.5, 0.25, 0.25, -9.0])
    assert (found.amounts, found.balances, found.rate) == ([5, 3, 2, 0], [0, 0, 0, -90], 10.0)
    later = settle(10, [0.5, 0.25, 0.25, 9.0], [0, 0, 0, -90])
    # at 10 a unit the last one has just made up for what it owed
    assert (later.amounts, later.balances, later.rate) == ([5, 3, 2, 0], [0, 0, 0, 0], 10.0)
    more = settle(19, [0.5, 0.25, 0.25, 9.0], [0, 0, 0, -90])
    assert (more.amounts, more.rate) == ([5, 3, 3, 8], 10.9)
    assert settle(0, [-1.0]).amounts == [0]
    assert settle(5, [-1.0, 0.0]) is None
    with pytest.raises(ValueError, match="at most 0"):
        settle(5, [1.0], [3])


@given(st.integers(1, 10**9), st.floats(0.01, 1), st.floats(0.01, 1), st.floats(-1, -0.01))
def test_names_can_be_merged_and_split_where_nobody_is_below_zero(pot, one, two, three):
    apart, together = settle(pot, [one, two, 0.5]), settle(pot, [one + two, 0.5])
    assert abs(apart.amounts[0] + apart.amounts[1] - together.amounts[0]) <= 2
    # a name below 0 is carried: over two months the same account gets what both were worth
    first = settle(pot, [three, 0.5])
    second = settle(pot, [one, 0.5], first.balances)
    assert second.amounts[0] <= settle(pot, [one, 0.5]).amounts[0]


def test_margins():
    values = np.array([0.3, 0.3, -0.1])
    examples = [np.full(100, 0.003), np.array([0.3]), np.array([-0.1])]
    squares = np.array([float((each**2).sum()) for each in examples])
    assert margins(values, squares) == pytest.approx([0.27, 0.0, -0.2])


def test_labels_at_random_under_a_name_a_row_gain_nothing_by_margins():
    drawn = np.random.default_rng(0).normal(size=1000)
    alone = margins(drawn, drawn**2)
    assert alone.max() <= 1e-12
    assert np.maximum(drawn, 0.0).sum() > 300
