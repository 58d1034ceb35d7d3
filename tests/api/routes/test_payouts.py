"""Payouts: by the weights of payouts, after what was carried over."""

from dataclasses import replace

import numpy as np
import pytest

from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.weights import Weights
from tests.api.world import Client, Owner, app_of, expected


def test_an_amount_among_the_providers(client):
    providers = client.get("/v1/providers", params={"weights": "payout"}).json()["providers"]
    answer = client.get("/v1/payouts", params={"amount": 99_999}).json()
    used = {"utility": "balanced", "beta": 0.0, "lambda": 0.0, "payout": True}
    assert answer["weights"] == used
    assert answer["rule"] == "balance"
    assert sum(payout["amount"] for payout in answer["payouts"]) == answer["amount"] == 99_999
    for payout, provider in zip(answer["payouts"], providers, strict=True):
        assert (payout["provider"], payout["value"]) == (provider["provider"], provider["value"])
    named = client.get("/v1/payouts", params={"amount": 99_999, "anonymous": "false"}).json()
    assert None not in {payout["provider"] for payout in named["payouts"]}
    assert sum(payout["amount"] for payout in named["payouts"]) == 99_999


def test_other_weights_where_they_are_asked_for(client):
    plain = client.get("/v1/providers", params={"beta": 0.5, "lambda": 0.05}).json()
    paid = client.get("/v1/payouts", params={"amount": 10, "beta": 0.5, "lambda": 0.05}).json()
    assert paid["weights"]["payout"] is False
    assert [one["value"] for one in paid["payouts"]] == [one["value"] for one in plain["providers"]]


@pytest.mark.parametrize("path", ["/v1/examples", "/v1/summary", "/v1/providers"])
def test_payout_weights_fix_the_others(client, path):
    assert client.get(path, params={"weights": "payout"}).status_code == 200
    answer = client.get(path, params={"weights": "payout", "beta": 0.1})
    assert answer.status_code == 422
    assert "leave them out" in answer.json()["detail"]
    assert client.get(path, params={"weights": "other"}).status_code == 422


@pytest.fixture
def owner(tmp_path):
    """A partition in which seller-1 sells what seller-0 sells once more, and bad labels."""
    owner = Owner(tmp_path, 0)
    good = owner.batch(150)
    prints = np.zeros((150, 2), np.uint64)
    prints[:, 0] = np.arange(1, 151)
    owner.apply(
        Batch(good.ids, good.labels, ["seller-0"] * 150, good.timestamps, good.embeddings, prints)
    )
    names = [f"copy-{name}" for name in good.ids]
    owner.apply(
        Batch(names, good.labels, ["seller-1"] * 150, good.timestamps, good.embeddings, prints)
    )
    bad = owner.batch(60, "bad")
    wrong = ((bad.labels + 1) % 3).astype(np.int16)
    owner.apply(Batch(bad.ids, wrong, ["seller-2"] * 60, bad.timestamps, bad.embeddings))
    yield owner
    owner.store.close()


def test_copies_are_paid_nothing_and_wrong_labels_owe(tmp_path, owner):
    client = Client(app_of(tmp_path))
    answer = client.get("/v1/payouts", params={"amount": 1000}).json()
    amounts = {one["provider"]: (one["amount"], one["balance"]) for one in answer["payouts"]}
    assert amounts["seller-0"] == (1000, 0)
    assert amounts["seller-1"] == (0, 0)
    assert amounts["seller-2"][0] == 0
    assert amounts["seller-2"][1] < 0
    assert answer["carried"] == amounts["seller-2"][1]
    values = expected([owner], Weights.for_payouts())
    assert answer["value"] == pytest.approx(sum(value for value, _ in values.values()))
    found = client.get("/v1/examples/copy-p0s00001", params={"weights": "payout"}).json()
    assert (found["value"], found["stderr"]) == (0.0, 0.0)
    name = "p0s00001"
    one = client.get(f"/v1/examples/{name}", params={"weights": "payout"}).json()
    assert (one["value"], one["stderr"]) == pytest.approx(values[name])
    root = client.get("/v1/coalitions", params={"kind": "root", "weights": "payout"}).json()
    assert root["coalitions"][0]["value"] == pytest.approx(answer["value"])

    owner.apply(Batch.of_deletions([name], 6))  # its copy is the next in the log
    client.get("/v1/summary")
    app = app_of(tmp_path)
    heir = Client(app).get(f"/v1/examples/copy-{name}", params={"weights": "payout"}).json()
    assert heir["value"] != 0.0


def test_balances_are_carried_over(tmp_path, owner):
    client = Client(app_of(tmp_path))
    first = client.get("/v1/payouts", params={"amount": 1000}).json()
    carried = [{"provider": "gone", "balance": -7}, {"provider": "seller-0", "balance": -100}]
    balances = [one for one in first["payouts"] if one["balance"]] + carried
    second = client.post("/v1/payouts", params={"amount": 1000}, json={"balances": balances}).json()
    found = {one["provider"]: one for one in second["payouts"]}
    assert found["gone"] == {
        "provider": "gone",
        "examples": 0,
        "value": 0.0,
        "amount": 0,
        "balance": -7,
    }
    assert sum(one["amount"] for one in second["payouts"]) == 1000
    owed = {one["provider"]: one["balance"] for one in first["payouts"]}
    assert found["seller-2"]["balance"] < owed["seller-2"] < 0
    assert found["seller-0"]["amount"] == 1000
    assert second["rate"] == pytest.approx(1100 / found["seller-0"]["value"])


@pytest.mark.parametrize(
    ("balances", "parameters"),
    [
        ([{"provider": "a", "balance": 1}], {}),
        ([{"provider": "a", "balance": -1}, {"provider": "a", "balance": -1}], {}),
        ([{"provider": "a", "balance": -1}], {"rule": "margin"}),
        ([{"provider": None, "balance": -1}], {"anonymous": "false"}),
        ([{"balance": -1}], {}),
    ],
)
def test_balances_that_cannot_be_meant(client, balances, parameters):
    answer = client.post(
        "/v1/payouts", params={"amount": 9, **parameters}, json={"balances": balances}
    )
    assert answer.status_code == 422


def test_margins_are_those_of_the_examples(tmp_path, owner):
    client = Client(app_of(tmp_path))
    answer = client.get("/v1/payouts", params={"amount": 10**9, "rule": "margin"}).json()
    values = expected([owner], Weights.for_payouts())
    corpus = owner.corpus
    claims = {}
    for provider in ("seller-0", "seller-1", "seller-2"):
        mine = np.array(
            [
                values[name][0]
                for name, of in zip(corpus.ids, corpus.providers, strict=True)
                if of == provider
            ]
        )
        claims[provider] = mine.sum() - np.sqrt((mine**2).sum())
    rate = 10**9 / sum(max(claim, 0.0) for claim in claims.values())
    assert answer["rate"] == pytest.approx(rate)
    assert answer["carried"] == 0
    for one in answer["payouts"]:
        wanted = max(claims[one["provider"]] * rate, 0.0)
        assert one["amount"] == pytest.approx(wanted, abs=2)
        assert one["balance"] == 0


def test_a_corpus_that_v_cannot_tell_from_chance_is_not_paid_unless_somebody_insists(tmp_path):
    owner = Owner(tmp_path, 0)
    batch = owner.batch(120)
    drawn = np.random.default_rng(0).integers(0, 3, 120).astype(np.int16)
    owner.apply(replace(batch, labels=drawn))
    client = Client(app_of(tmp_path))
    answer = client.get("/v1/payouts", params={"amount": 1000})
    assert answer.status_code == 409
    assert answer.json()["type"].endswith(":uncertain-values")
    assert "pay with uncertain=true" in answer.json()["detail"]
    asked = {"amount": 1000, "uncertain": "true"}
    paid = client.get("/v1/payouts", params=asked).json()
    assert sum(one["amount"] for one in paid["payouts"]) == 1000
    assert paid["value"] < 3 * paid["value_stderr"]
    root = client.get("/v1/coalitions", params={"kind": "root", "weights": "payout"}).json()
    assert paid["value_stderr"] == root["coalitions"][0]["stderr"]
    owner.store.close()


def test_nobody_to_pay(tmp_path):
    owner = Owner(tmp_path, 0)
    owner.apply(owner.batch(1))
    answer = Client(app_of(tmp_path)).get(
        "/v1/payouts", params={"amount": 5, "beta": 1, "lambda": 0}
    )
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
