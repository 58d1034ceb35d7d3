"""Two APIs behind the gateway answer as one over all partitions does, to the last bit."""

import io
import math

import orjson
import pyarrow as pa
import pytest

from tests.api.world import timeless
from tests.gateway.conftest import gateway_of

WEIGHTS = [
    {},
    {"utility": "accuracy", "beta": "0.25"},
    {"utility": "class:buy", "lambda": "1.5"},
]


@pytest.fixture(scope="module")
def gateway(apps):
    """One for all, since nothing here changes anything."""
    with gateway_of(apps) as gateway:
        yield gateway


def same(alone, gateway, path, **asked):
    """Ask both; what they say besides the name of the state must be equal, bytes and all."""
    ours, theirs = gateway.get(path, params=asked), alone.get(path, params=asked)
    assert ours.status_code == theirs.status_code == 200, ours.text
    bodies = [answer.json() for answer in (ours, theirs)]
    for body in map(timeless, bodies):
        assert body["as_of"].pop("view")
        body.pop("next", None)
    assert orjson.dumps(bodies[0]) == orjson.dumps(bodies[1])
    return bodies[0]


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("order", ["desc", "asc"])
def test_rankings(alone, gateway, weights, order):
    body = same(alone, gateway, "/v1/examples", order=order, limit=10_000, **weights)
    assert len(body["examples"]) == body["total"] > 700
    assert {example["partition"] for example in body["examples"]} == {0, 1, 2, 3}
    same(alone, gateway, "/v1/examples", order=order, limit=7, **weights)


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/v1/providers", {}),
        ("/v1/summary", {}),
        ("/v1/coalitions", {"limit": 9999}),
        ("/v1/suspects", {"threshold": 0.1, "limit": 9999}),
        ("/v1/examples", {"by": "doubt", "order": "asc", "limit": 50}),
    ],
)
def test_totals(alone, gateway, weights, path, more):
    same(alone, gateway, path, **more, **weights)


@pytest.mark.parametrize("amount", [0, 1, 100, 99_999, 10**15])
def test_payouts(alone, gateway, amount):
    body = same(alone, gateway, "/v1/payouts", amount=amount)
    assert sum(payout["amount"] for payout in body["payouts"]) == amount


@pytest.mark.parametrize("strategy", ["spread", "top"])
@pytest.mark.parametrize("share", [0.01, 0.3, 1])
def test_selections(alone, gateway, strategy, share):
    body = same(alone, gateway, "/v1/select", share=share, strategy=strategy, seed=5)
    assert body["count"] == len(body["ids"]) == round(share * body["total"])
    assert sum(body["classes"].values()) == body["count"]


@pytest.mark.parametrize(
    "only",
    [
        {"label": "buy"},
        {"provider": "seller-1"},
        {"anonymous": True},
        {"coalition": "p2-n0"},
        {"min_value": 0.0},
        {"max_value": -1e-5, "label": "return"},
        {"since": 1e9 + 300, "until": 1e9 + 500},
    ],
)
def test_filters_with_ranks_in_the_whole(alone, gateway, only):
    body = same(alone, gateway, "/v1/examples", limit=50, **only)
    ranks = [example["rank"] for example in body["examples"]]
    assert ranks == sorted(ranks)
    every = alone.get("/v1/examples", params={"limit": 10_000}).json()["examples"]
    places = {example["id"]: example["rank"] for example in every}
    assert ranks == [places[example["id"]] for example in body["examples"]]


def test_examples_and_their_ranks(alone, gateway):
    every = alone.get("/v1/examples", params={"limit": 10_000}).json()["examples"]
    for example in every[::97]:
        found = same(alone, gateway, f"/v1/examples/{example['id']}", rank=True)
        assert found["rank"] == example["rank"]
    names = [example["id"] for example in every[::5]] + ["nobody"]
    ours, theirs = (
        each.post("/v1/examples:batchGet", json={"ids": names}).json() for each in (gateway, alone)
    )
    assert ours["examples"] == theirs["examples"]
    assert ours["missing"] == ["nobody"]


def test_coalitions_by_id(alone, gateway):
    for name in ("p0-n0", "p1-n0", "p3-l1"):
        same(alone, gateway, f"/v1/coalitions/{name}")


def test_pages_are_the_list(alone, gateway):
    lists = (
        ("/v1/examples", "examples"),
        ("/v1/coalitions", "coalitions"),
        ("/v1/suspects", "suspects"),
    )
    for path, key in lists:
        whole = alone.get(path, params={"limit": 10_000}).json()
        found, cursor = [], None
        while True:
            asked = {"limit": 83} | ({"cursor": cursor} if cursor else {})
            page = gateway.get(path, params=asked).json()
            found += page[key]
            if (cursor := page["next"]) is None:
                break
        assert found == whole[key]


def test_exports(alone, gateway):
    ours, theirs = (each.get("/v1/export").content for each in (gateway, alone))
    assert ours == theirs
    rows = [orjson.loads(line) for line in ours.splitlines()]
    summary = alone.get("/v1/summary").json()
    assert math.fsum(row["value"] for row in rows) == summary["value"]
    assert len(rows) == summary["examples"]
    arrow = gateway.get("/v1/export", params={"format": "arrow"}).content
    with pa.ipc.open_stream(io.BytesIO(arrow)) as reader:
        assert reader.read_all().to_pylist() == rows


def test_histories(alone, gateway):
    name = alone.get("/v1/examples").json()["examples"][0]["id"]
    same(alone, gateway, f"/v1/history/{name}")
