import math

import pytest

from hcdv_stream.valuation.weights import Weights
from tests.api.world import expected, total

ABOUT = 1e-12


def listed(client, **asked):
    answer = client.get("/v1/coalitions", params={"limit": 10_000, **asked}).json()
    assert answer["total"] == len(answer["coalitions"])
    return answer["coalitions"]


def test_roots_add_up_to_the_whole(client, owners):
    roots = listed(client, kind="root")
    assert [root["parent"] for root in roots] == [None, None]
    assert sorted(root["partition"] for root in roots) == [0, 3]
    assert sum(root["examples"] for root in roots) == sum(len(owner.engine) for owner in owners)
    assert math.fsum(root["value"] for root in roots) == pytest.approx(
        total(expected(owners)), abs=ABOUT
    )


@pytest.mark.parametrize("asked", [{}, {"utility": "accuracy", "beta": 0.3, "lambda": 1}])
def test_a_leaf_is_worth_the_sum_of_its_examples(client, owners, asked):
    weights = Weights(asked["utility"], asked["beta"], asked["lambda"]) if asked else Weights()
    values = expected(owners, weights)
    for leaf in listed(client, kind="leaf", **asked):
        owner = next(owner for owner in owners if owner.number == leaf["partition"])
        number = int(leaf["id"].split("-l")[1])
        names = owner.engine.state().leaves[number].examples.ids
        assert leaf["examples"] == len(names) == sum(leaf["classes"].values())
        inside = math.fsum(values[name][0] for name in names)
        assert leaf["value"] == pytest.approx(inside, abs=ABOUT)


def test_a_node_is_worth_the_sum_of_its_children(client):
    everything = {entry["id"]: entry for entry in listed(client)}
    nodes = [entry for entry in everything.values() if entry["kind"] == "node"]
    assert len(nodes) > 4
    for entry in nodes:
        node = client.get(f"/v1/coalitions/{entry['id']}").json()
        children = [everything[child] for child in node["children"]]
        assert {child["parent"] for child in children} == {entry["id"]}
        assert {child["height"] for child in children} == {entry["height"] - 1}
        assert sum(child["examples"] for child in children) == entry["examples"]
        inside = math.fsum(child["value"] for child in children)
        assert entry["value"] == pytest.approx(inside, abs=ABOUT)
        assert node["path"] == [] or node["path"][-1] == entry["parent"]


def test_coalitions_come_most_valuable_first_and_say_how_many_match(client):
    answer = client.get("/v1/coalitions", params={"limit": 3, "kind": "leaf", "partition": 3})
    entries, every = answer.json()["coalitions"], listed(client, kind="leaf", partition=3)
    assert answer.json()["total"] == len(every) > 3
    assert entries == every[:3]
    assert {entry["partition"] for entry in every} == {3}
    values = [entry["value"] for entry in every]
    assert values == sorted(values, reverse=True)


def test_one_coalition_is_what_the_list_says(client):
    entry = listed(client, kind="leaf", partition=0)[0]
    leaf = client.get(f"/v1/coalitions/{entry['id']}").json()
    assert {name: leaf[name] for name in entry} == entry
    assert leaf["children"] == []
    assert leaf["path"][0] == listed(client, kind="root", partition=0)[0]["id"]
    assert leaf["path"][-1] == entry["parent"]


@pytest.mark.parametrize("name", ["p0-l99999", "p1-l0", "x", "p0-x1", "p0-l1 ", "p٣-l1", "p0-l-1"])
def test_an_unknown_coalition_is_not_found(client, name):
    answer = client.get(f"/v1/coalitions/{name}")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:hcdv-stream:problem:unknown-coalition"
