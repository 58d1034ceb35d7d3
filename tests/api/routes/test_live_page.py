"""The tree, the spread of values and a value taken apart, against the engines themselves."""

import math

import numpy as np
import pytest

from hcdv_stream.valuation.weights import Weights
from tests.api.world import CLASSES, Client, Owner, app_of, expected, ranking

WEIGHTS = {"utility": "class:buy", "beta": "0.3", "lambda": "0.7"}
CHOSEN = Weights("class:buy", 0.3, 0.7)


def test_the_tree_holds_every_coalition_with_its_size_and_value(client, owners):
    tree = client.get("/v1/tree", params=WEIGHTS).json()
    rows = {
        name: dict(zip(("parent", "children", "examples", "value"), row, strict=True))
        for name, *row in zip(
            *(tree[key] for key in ("ids", "parents", "children", "examples", "values")),
            strict=True,
        )
    }
    expected_size = sum(
        len(owner.corpus.state.leaves) + len(owner.corpus.state.nodes) for owner in owners
    )
    assert len(rows) == expected_size
    for name, row in rows.items():
        detail = client.get(f"/v1/coalitions/{name}", params=WEIGHTS).json()
        assert (row["parent"], row["examples"]) == (detail["parent"], detail["examples"])
        assert row["value"] == detail["value"]
        assert row["children"] == len(detail["children"])
    assert tree["labels"] == list(CLASSES)
    assert [sum(counts) for counts in tree["classes"]] == tree["examples"]
    roots = math.fsum(row["value"] for row in rows.values() if row["parent"] is None)
    assert roots == pytest.approx(client.get("/v1/summary", params=WEIGHTS).json()["value"])


def test_a_tree_goes_down_by_whole_levels(client):
    whole = client.get("/v1/tree?depth=64&limit=20000").json()
    top = whole["ids"][0]
    below = [name for name, parent in zip(whole["ids"], whole["parents"], strict=True) if parent]
    first = [
        name for name, parent in zip(whole["ids"], whole["parents"], strict=True) if parent == top
    ]
    assert client.get(f"/v1/tree?root={top}&depth=1").json()["ids"] == [top, *first]
    assert client.get(f"/v1/tree?root={top}&limit=1").json()["ids"] == [top]
    limited = client.get(f"/v1/tree?root={top}&limit={len(first) + 1}").json()["ids"]
    assert limited == [top, *first]
    leaf = next(name for name in below if "-l" in name)
    answer = client.get(f"/v1/tree?root={leaf}").json()
    assert answer["ids"] == [leaf]
    assert answer["path"] == client.get(f"/v1/coalitions/{leaf}").json()["path"]


def test_an_unknown_root(client):
    answer = client.get("/v1/tree?root=p0-l99999")
    assert answer.status_code == 404
    assert answer.json()["title"] == "Unknown coalition"


def test_every_example_is_in_one_bin_of_its_class(client, owners):
    values = expected(owners, CHOSEN)
    answer = client.get("/v1/distribution", params={**WEIGHTS, "bins": 20}).json()
    labels = {
        name: CLASSES[label]
        for owner in owners
        for name, label in zip(owner.corpus.ids, owner.corpus.labels, strict=True)
    }
    for place, label in enumerate(answer["labels"]):
        own = np.array([values[name][0] for name in values if labels[name] == label])
        assert answer["counts"][place] == np.histogram(own, answer["edges"])[0].tolist()
        assert answer["negative"][place] == int((own < 0).sum())
    assert answer["below"] == answer["above"] == [0] * len(CLASSES)


def test_what_lies_beyond_the_edges_is_counted(client, owners):
    values = np.array([value for value, _ in expected(owners).values()])
    low, high = np.quantile(values, [0.2, 0.7]).tolist()
    answer = client.get("/v1/distribution", params={"low": low, "high": high}).json()
    assert sum(answer["below"]) == int((values < low).sum())
    assert sum(answer["above"]) == int((values > high).sum())
    assert np.sum(answer["counts"]) == int(((values >= low) & (values <= high)).sum())


@pytest.mark.parametrize("edges", [{"low": 1, "high": 1}, {"low": 2, "high": 1}])
def test_edges_must_ascend(client, edges):
    answer = client.get("/v1/distribution", params=edges)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "high"


@pytest.mark.parametrize("place", [0, 40, -1])
def test_a_value_is_the_sum_of_what_it_is_taken_apart_into(client, owners, place):
    values = expected(owners, CHOSEN)
    name = ranking(values)[place]
    why = client.get(f"/v1/why/{name}", params=WEIGHTS).json()
    assert why["example"]["value"] == values[name][0]
    assert why["example"]["rank"] == ranking(values).index(name) + 1
    parts = [each["value"] for each in why["evaluated"]]
    assert math.fsum([*parts, why["contrast"]]) == pytest.approx(values[name][0], abs=1e-15)
    assert len(why["evaluated"]) == 2 * len(CLASSES)
    assert [one["id"] for one in why["path"]] == why["example"]["path"]
    for each in why["evaluated"]:
        if each["kind"] == "peers":
            given = [
                mate["gives"] or 0.0 for mate in why["mates"] if mate["label"] == each["label"]
            ]
            assert math.fsum(given) == pytest.approx(each["value"], abs=1e-15)


def test_mates_are_the_others_of_the_leaf_nearest_first(client, owners):
    values = expected(owners)
    name = ranking(values)[0]
    why = client.get(f"/v1/why/{name}").json()
    assert len(why["mates"]) == why["leaf_examples"] - 1
    distances = [mate["distance"] for mate in why["mates"]]
    assert distances == sorted(distances)
    own = why["example"]["provider"]
    for mate in why["mates"]:
        assert mate["value"] == values[mate["id"]][0]
        assert mate["judges"] == (own is None or mate["provider"] != own)
        assert (mate["gives"] is None) == (mate["rank"] is None) == (not mate["judges"])
    assert len(client.get(f"/v1/why/{name}?mates=3").json()["mates"]) == 3


def test_why_of_an_unknown_example(client):
    assert client.get("/v1/why/no-such").json()["title"] == "Unknown example"


def test_updates_tell_when_they_were_written(tmp_path):
    owner = Owner(tmp_path, 0)
    app = app_of(tmp_path)
    for written_at in (1e9 + 1, 1e9 + 3, 1e9 + 7):
        owner.apply(owner.batch(30), written_at)
        app.state.refresher.look()
    owner.store.close()
    updates = Client(app).get("/v1/updates").json()["updates"]
    assert [update["written_at"] for update in updates] == [1e9 + 1, 1e9 + 3, 1e9 + 7]
    assert [update["latency"] for update in updates] == [1.0, 3.0, 7.0]
    event = Client(app).get("/v1/events?limit=1").text
    assert '"written_at":1000000007.0,"latency":7.0' in event


def test_a_game_that_keeps_no_parts_still_tells_neighbours_and_path(tmp_path):
    from hcdv_stream.valuation.config import EngineConfig

    config = EngineConfig(game="algorithm1", leaf_size=16, tau=0.5, update_size=40, merge_below=3)
    owner = Owner(tmp_path, 0, config)
    owner.apply(owner.batch(80))
    owner.store.close()
    client = Client(app_of(tmp_path))
    name = client.get("/v1/examples?limit=1").json()["examples"][0]["id"]
    why = client.get(f"/v1/why/{name}").json()
    assert (why["evaluated"], why["contrast"]) == ([], None)
    assert why["path"][-1]["id"] == why["example"]["leaf"]
    assert not any(mate["judges"] for mate in why["mates"])
    assert client.get("/v1/tree").json()["values"]
    assert sum(map(sum, client.get("/v1/distribution").json()["counts"])) == 80
