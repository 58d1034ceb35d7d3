import re
from urllib.parse import quote

import numpy as np
import pytest

from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.embedding.grid import unit_grid
from hcdv_stream.valuation.weights import Weights
from tests.api.world import CLASSES, DIMENSIONS, Client, Owner, app_of, expected, ranking, timeless

WEIGHTS = [
    ({}, Weights()),
    ({"utility": "accuracy"}, Weights("accuracy")),
    ({"utility": "class:buy", "beta": "0"}, Weights("class:buy", 0.0)),
    ({"beta": "1", "lambda": "0"}, Weights("balanced", 1.0, 0.0)),
    ({"lambda": "2.5"}, Weights("balanced", lam=2.5)),
]


@pytest.mark.parametrize(("asked", "weights"), WEIGHTS)
def test_a_value_is_the_partitions_share_of_its_own_to_the_last_bit(client, owners, asked, weights):
    values = expected(owners, weights)
    names = list(values)[::17]
    answer = client.post("/v1/examples:batchGet", json={"ids": names}, params=asked).json()
    assert {p["id"]: (p["value"], p["stderr"]) for p in answer["examples"]} == {
        name: values[name] for name in names
    }
    assert answer["weights"] == {
        "utility": weights.utility,
        "beta": weights.beta,
        "lambda": weights.lam,
        "payout": False,
    }
    single = client.get(f"/v1/examples/{names[3]}", params=asked).json()
    assert (single["value"], single["stderr"]) == values[names[3]]


def test_an_example_says_who_and_where_it_is(client, owners):
    owner = owners[1]
    corpus = owner.corpus
    name = corpus.ids[5]
    answer = client.get(f"/v1/examples/{name}").json()
    leaf = int(corpus.leaves[5])
    assert answer["label"] == CLASSES[corpus.labels[5]]
    assert answer["provider"] == corpus.providers[5]
    assert answer["event_time"] == corpus.timestamps[5]
    assert answer["partition"] == 3
    assert answer["leaf"] == f"p3-l{leaf}"
    assert answer["path"] == [*(f"p3-n{node}" for node in corpus.path(leaf)), f"p3-l{leaf}"]
    assert answer["rank"] is None
    view = timeless(answer)["as_of"].pop("view")
    assert re.fullmatch(r"[0-9a-f]{8}\.0-3\.3-3", view)
    assert answer["missing_partitions"] == answer["stale_partitions"] == []
    assert answer["as_of"] == {
        "update": sum(owner.engine.header.updates for owner in owners),
        "updates": {"0": owners[0].engine.header.updates, "3": owner.engine.header.updates},
        "offsets": {"0": owners[0].offset, "3": owner.offset},
        "event_time": 1e9 + max(owners[0].offset, owner.offset),
        "lag": 6,
        "corpus": {"complete": True, "begins_at": {"0": 0, "3": 0}},
    }


def test_several_examples_come_in_the_order_asked_for(client, owners):
    names = [owners[1].corpus.ids[0], "nobody", owners[0].corpus.ids[0], "nobody", "p0s00000"]
    answer = client.post("/v1/examples:batchGet", json={"ids": names}).json()
    assert [example["id"] for example in answer["examples"]] == [names[0], names[2]]
    assert answer["missing"] == ["nobody", "p0s00000"]  # the last one was deleted


@pytest.mark.parametrize("order", ["desc", "asc"])
@pytest.mark.parametrize("limit", [1, 7, 10_000])
def test_examples_are_ranked_over_all_partitions(client, owners, order, limit):
    values = expected(owners)
    ranked = ranking(values)
    wanted = ranked if order == "desc" else ranked[::-1]
    answer = client.get("/v1/examples", params={"order": order, "limit": limit}).json()
    assert [example["id"] for example in answer["examples"]] == wanted[:limit]
    for example in answer["examples"]:
        assert example["rank"] == ranked.index(example["id"]) + 1
        assert (example["value"], example["stderr"]) == values[example["id"]]


def test_a_rank_is_said_where_it_is_asked_for(client, owners):
    ranked = ranking(expected(owners))
    for place in (0, len(ranked) // 2, len(ranked) - 1):
        answer = client.get(f"/v1/examples/{ranked[place]}", params={"rank": "true"}).json()
        assert answer["rank"] == place + 1


def test_equal_values_are_ranked_by_id(tmp_path):
    owner = Owner(tmp_path, 0)
    twins = unit_grid(np.ones((6, DIMENSIONS)))
    names = ["c", "a", "f", "e", "b", "d"]
    owner.apply(Batch(names, np.zeros(6, np.int16), [None] * 6, np.arange(6.0), twins))
    client = Client(app_of(tmp_path, lam=0.0, beta=1.0))
    examples = client.get("/v1/examples").json()["examples"]
    values = [example["value"] for example in examples]
    assert values == sorted(values, reverse=True)
    ranked = [(-example["value"], example["id"]) for example in examples]
    assert ranked == sorted(ranked)
    assert len(set(values)) < 6, "some are equal"
    lowest = client.get("/v1/examples?order=asc").json()["examples"]
    assert lowest == examples[::-1]
    ranks = [client.get(f"/v1/examples/{p['id']}?rank=true").json()["rank"] for p in examples]
    assert ranks == [1, 2, 3, 4, 5, 6]
    owner.store.close()


@pytest.mark.parametrize(
    "name", ["a/b", "a/b/", "ü€𝄞", "a b?c#d&e=f", "100%", "examples", ":x", "a/history"]
)
def test_ids_may_hold_any_characters(tmp_path, name):
    owner = Owner(tmp_path, 0)
    one = unit_grid(np.ones((1, DIMENSIONS)))
    owner.apply(Batch([name], np.zeros(1, np.int16), ["ü/x"], np.zeros(1), one))
    client = Client(app_of(tmp_path))
    answer = client.get(f"/v1/examples/{quote(name, safe='')}")
    assert answer.json()["id"] == name
    assert answer.json()["provider"] == "ü/x"
    assert client.post("/v1/examples:batchGet", json={"ids": [name]}).json()["missing"] == []
    owner.store.close()


def test_the_weights_that_settings_name_are_the_default(state_dir, owners):
    client = Client(app_of(state_dir, utility="accuracy", beta=0.25, lam=0.5))
    name, values = owners[0].corpus.ids[0], expected(owners, Weights("accuracy", 0.25, 0.5))
    assert client.get(f"/v1/examples/{name}").json()["value"] == values[name][0]
    values = expected(owners, Weights("accuracy", 0.25, 0.0))
    answer = client.get(f"/v1/examples/{name}", params={"lambda": "0"}).json()
    assert answer["value"] == values[name][0]
