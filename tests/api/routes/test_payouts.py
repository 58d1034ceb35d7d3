"""Payouts: they add up to the amount, whatever the values."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hcdv_stream.api.routes import payouts
from hcdv_stream.api.routes.payouts import shared_out
from tests.api.world import Client, Owner, app_of

VALUES = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9)


@given(st.integers(0, 10**15), st.lists(VALUES, min_size=1, max_size=40))
def test_they_add_up_and_are_within_a_unit_of_their_part(amount, values):
    parts = shared_out(amount, values)
    positive = [Fraction(max(value, 0.0)) for value in values]
    if not any(positive):
        assert parts is None or (amount == 0 and not any(parts))
        return
    assert sum(parts) == amount
    for part, value in zip(parts, positive, strict=True):
        assert abs(part - amount * value / sum(positive)) < 1
        assert part == 0 or value > 0
    for one, other in zip(range(len(values)), range(1, len(values)), strict=False):
        if positive[one] > positive[other]:
            assert parts[one] >= parts[other]


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
        patch.setattr(payouts, "_RUN", 3)
        assert shared_out(amount, values) == exact_shares(amount, values)


def test_units_that_are_left_go_to_the_largest_remainders():
    assert shared_out(100, [1.0, 1.0, 1.0]) == [34, 33, 33]
    assert shared_out(10, [0.5, 0.25, 0.25, -9.0]) == [5, 3, 2, 0]
    assert shared_out(1, [0.2, 0.5, 0.3]) == [0, 1, 0]


def test_an_amount_among_the_providers(client):
    providers = client.get("/v1/providers").json()["providers"]
    answer = client.get("/v1/payouts", params={"amount": 99_999}).json()
    assert sum(payout["amount"] for payout in answer["payouts"]) == answer["amount"] == 99_999
    for payout, provider in zip(answer["payouts"], providers, strict=True):
        assert (payout["provider"], payout["value"]) == (provider["provider"], provider["value"])
    named = client.get("/v1/payouts", params={"amount": 99_999, "anonymous": "false"}).json()
    assert None not in {payout["provider"] for payout in named["payouts"]}
    assert sum(payout["amount"] for payout in named["payouts"]) == 99_999


def test_nobody_to_pay(tmp_path):
    owner = Owner(tmp_path, 0)
    owner.apply(owner.batch(1))
    answer = Client(app_of(tmp_path, beta=1.0)).get("/v1/payouts", params={"amount": 5})
    owner.store.close()
    assert answer.status_code == 409
    assert answer.json() == {
        "type": "urn:hcdv-stream:problem:nothing-to-share-by",
        "title": "Nobody to pay",
        "status": 409,
        "detail": "no provider's examples are worth more than nothing together: "
        "choose other weights",
        "instance": "/v1/payouts",
    }


@pytest.mark.parametrize("amount", [-1, 10**15 + 1, "1.5", None])
def test_amounts_that_are_none(client, amount):
    answer = client.get("/v1/payouts", params={} if amount is None else {"amount": amount})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "amount"
