"""Examples that meet conditions, with their ranks among all examples."""

import pytest

from tests.api.world import CLASSES, expected, ranking


def rows(owners):
    """Everything that conditions are about, from the engines themselves."""
    values, found = expected(owners), {}
    for owner in owners:
        corpus = owner.corpus
        for row, name in enumerate(corpus.ids):
            leaf = int(corpus.leaves[row])
            path = [f"p{owner.number}-n{node}" for node in corpus.path(leaf)]
            found[name] = {
                "value": values[name][0],
                "label": CLASSES[corpus.labels[row]],
                "provider": corpus.providers[row],
                "time": float(corpus.timestamps[row]),
                "coalitions": {*path, f"p{owner.number}-l{leaf}"},
            }
    return found


CASES = [
    ({"label": "buy"}, lambda row: row["label"] == "buy"),
    ({"provider": "seller-1"}, lambda row: row["provider"] == "seller-1"),
    ({"anonymous": "true"}, lambda row: row["provider"] is None),
    ({"provider": "nobody"}, lambda row: False),
    ({"coalition": "p3-n0"}, lambda row: "p3-n0" in row["coalitions"]),
    ({"min_value": 0.0002}, lambda row: row["value"] >= 0.0002),
    ({"max_value": 0}, lambda row: row["value"] <= 0),
    ({"since": 1e9 + 20, "until": 1e9 + 40}, lambda row: 20 <= row["time"] - 1e9 <= 40),
    (
        {"label": "return", "provider": "seller-0", "min_value": -0.01},
        lambda row: (row["label"], row["provider"]) == ("return", "seller-0"),
    ),
]


@pytest.mark.parametrize("order", ["desc", "asc"])
@pytest.mark.parametrize(("asked", "meets"), CASES)
def test_those_that_meet_every_condition(client, owners, order, asked, meets):
    every = rows(owners)
    ranks = ranking(expected(owners))
    wanted = [name for name in ranks if meets(every[name])]
    answer = client.get("/v1/examples", params={"order": order, "limit": 40, **asked}).json()
    assert answer["total"] == len(wanted)
    listed = (wanted if order == "desc" else wanted[::-1])[:40]
    assert [example["id"] for example in answer["examples"]] == listed
    for example in answer["examples"]:
        assert example["rank"] == ranks.index(example["id"]) + 1


def test_a_leafs_examples(client, owners):
    every = rows(owners)
    name = client.get("/v1/examples").json()["examples"][0]["leaf"]
    answer = client.get("/v1/examples", params={"coalition": name, "limit": 10_000}).json()
    inside = {example for example, row in every.items() if name in row["coalitions"]}
    assert {example["id"] for example in answer["examples"]} == inside
    assert answer["total"] == len(inside) > 1


def test_a_class_that_there_is_not(client):
    answer = client.get("/v1/examples", params={"label": "sold"})
    assert answer.status_code == 422
    assert answer.json()["detail"] == (
        "label: there is no class 'sold'; there are bounce, buy, return"
    )


def test_a_coalition_that_there_is_not(client):
    answer = client.get("/v1/examples", params={"coalition": "p9-n0"})
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:hcdv-stream:problem:unknown-coalition"


def test_a_provider_and_none(client):
    answer = client.get("/v1/examples", params={"provider": "a", "anonymous": "true"})
    assert answer.json()["errors"][0]["field"] == "anonymous"
