"""What an estimator pays providers."""

import numpy as np
import pytest

from hcdv_stream.estimator.likeness import fingerprints_of
from hcdv_stream.methods import HCDV

RNG = np.random.default_rng(0)
CENTRES = np.array([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
Y = RNG.integers(0, 2, 400).astype(np.int16)
X = CENTRES[Y] + RNG.normal(size=(400, 3)) * 0.6
V = (X[300:], Y[300:])
SELLERS = np.array(["good", "also good", "wrong"], dtype=object)[np.arange(300) // 100]


def fitted(X, y, provider, **more):
    return HCDV("identity", neighbours=3, **more).fit(X, y, *V, provider=provider)


def labels():
    y = Y[:300].copy()
    y[200:] = 1 - y[200:]
    return y


def test_right_labels_are_paid_and_wrong_ones_owe():
    hcdv = fitted(X[:300], labels(), SELLERS)
    parts = hcdv.provider_payouts_
    assert parts["wrong"] == 0.0
    assert sum(parts.values()) == pytest.approx(1.0)
    found = hcdv.payouts(1000)
    assert sum(found.amounts.values()) == found.pot == 1000
    for name, part in parts.items():
        assert found.amounts[name] == pytest.approx(1000 * part, abs=1)
    assert found.balances["wrong"] < 0 == found.balances["good"]
    assert found.values["wrong"] == pytest.approx(hcdv.payout_values_[200:].sum())
    later = hcdv.payouts(1000, balances=found.balances | {"left": -5})
    assert later.balances["wrong"] < found.balances["wrong"]
    assert later.balances["left"] == -5
    margin = hcdv.payouts(10**6, rule="margin")
    good = hcdv.payout_values_[:100]
    assert margin.amounts["good"] / margin.rate == pytest.approx(
        good.sum() - np.sqrt((good**2).sum()), abs=1e-6
    )
    assert set(margin.balances.values()) == {0}


def test_copies_under_another_name_gain_and_change_nothing():
    hcdv = HCDV("identity", neighbours=3, leaf_size=1024, tau=2.0)
    hcdv.partial_fit(X[:300], labels(), X_val=V[0], y_val=V[1], provider=SELLERS)
    before, parts = hcdv.payout_values_.copy(), hcdv.provider_payouts_
    hcdv.partial_fit(X[:100], Y[:100], provider=["copier"] * 100)
    hcdv.partial_fit(X[:100], Y[:100], provider=["copier"] * 100)
    assert (hcdv.payout_values_[300:] == 0.0).all()
    assert hcdv.payout_values_[:300].tolist() == before.tolist()
    assert hcdv.provider_payouts_ == parts | {"copier": 0.0}
    hcdv.forget(range(100))
    assert hcdv.provider_payouts_["copier"] == pytest.approx(parts["good"])
    whole = fitted(np.concatenate([X[:300], X[:50]]), np.concatenate([labels(), Y[:50]]), None)
    assert (whole.payout_values_[300:] == 0.0).all()


def test_splitting_a_name_is_neutral():
    whole = fitted(X[:300], labels(), SELLERS).payouts(10**9)
    names = SELLERS.copy()
    names[:100] = [f"part {row % 5}" for row in range(100)]
    split = fitted(X[:300], labels(), names).payouts(10**9)
    parts = sum(amount for name, amount in split.amounts.items() if name.startswith("part"))
    negative = any(value < 0 for name, value in split.values.items() if name.startswith("part"))
    assert not negative
    assert parts == pytest.approx(whole.amounts["good"], abs=5)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"pot": -1}, "pot"),
        ({"pot": 1.5}, "pot"),
        ({"pot": 1, "rule": "floor"}, "rule"),
        ({"pot": "5"}, "pot"),
        ({"pot": float("nan")}, "pot"),
        ({"pot": True}, "pot"),
        ({"pot": 1, "balances": {"good": 3}}, "at most 0"),
        ({"pot": 1, "balances": {"good": "x"}}, "balance of 'good'"),
        ({"pot": 1, "balances": {"good": float("nan")}}, "balance of 'good'"),
        ({"pot": 1, "balances": {"good": -3}, "rule": "margin"}, "carries no balances"),
    ],
)
def test_arguments_that_cannot_be_meant(arguments, what):
    hcdv = fitted(X[:300], labels(), SELLERS)
    with pytest.raises(ValueError, match=what):
        hcdv.payouts(**arguments)


def test_labels_that_v_cannot_tell_from_chance_are_not_paid_unless_somebody_insists():
    drawn = np.random.default_rng(1).integers(0, 2, 300).astype(np.int16)
    hcdv = fitted(X[:300], drawn, SELLERS)
    with pytest.raises(ValueError, match="payments would follow luck below 3 standard errors"):
        hcdv.payouts(1000)
    with pytest.raises(ValueError, match="payments would follow luck"):
        _ = hcdv.provider_payouts_
    assert sum(hcdv.payouts(1000, uncertain=True).amounts.values()) == 1000
    assert hcdv.payouts(0).pot == 0


def test_without_v_nobody_can_be_paid():
    hcdv = HCDV("identity").fit(X, Y, provider=["a"] * 400)
    with pytest.raises(ValueError, match="payouts need V"):
        hcdv.payouts(5)
    printed = HCDV("identity", game="algorithm1").fit(X[:300], Y[:300], *V, provider=SELLERS)
    with pytest.raises(ValueError, match="payouts need the game routed, got algorithm1"):
        printed.payouts(5)


def test_fingerprints_tell_rows_of_every_kind_of_table():
    pd = pytest.importorskip("pandas")
    numbers = np.array([[1.0, np.nan], [1.0, np.nan], [-0.0, 2.0], [0.0, 2.0], [0.0, 2.0]])
    codes = np.array([0, 0, 1, 1, 0], np.int16)
    frame = pd.DataFrame({"a": [1, 1, 2, 2, 2], "b": ["x", "x", None, None, None]})
    texts = ["a", "a", "b", "b", "b"]
    pictures = np.repeat(np.array([1.0, 1.0, 2.0, 2.0, 2.0]), 12).reshape(5, 3, 4)
    sparse = pytest.importorskip("scipy.sparse").coo_array(pictures.reshape(5, 12))
    for table in (numbers, frame, texts, pictures, sparse):
        first = fingerprints_of(table, codes)[:, 0].tolist()
        assert first[0] == first[1]
        assert first[2] == first[3]
        assert len({first[0], first[2], first[4]}) == 3
        assert 0 not in first
    assert (
        fingerprints_of(frame.astype({"a": float}), codes).tolist()
        == fingerprints_of(frame, codes).tolist()
    )
    assert (fingerprints_of(object(), codes) == 0).all()


def test_nobody_is_paid_where_v_knows_nothing_of_a_class():
    of_one = V[1] == V[1][0]
    hcdv = HCDV("identity", neighbours=3)
    hcdv.fit(X[:300], labels(), V[0][of_one], V[1][of_one], provider=SELLERS)
    for paid in (lambda: hcdv.payouts(1000, uncertain=True), lambda: hcdv.provider_payouts_):
        with pytest.raises(ValueError, match="it has none of "):
            paid()
