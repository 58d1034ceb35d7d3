"""Suspects and doubts in answers, held against the engines' own examples."""

import math

import pytest

from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.doubt.packed import unpack
from tests.api.world import CLASSES, Client, Owner, app_of


def get(client, path, **parameters):
    answer = client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def doubted(owners):
    """Every example with its doubt and what else is said of it, by id."""
    found = {}
    for owner in owners:
        for leaf in owner.engine.state().leaves.values():
            examples = leaf.examples
            for row, name in enumerate(examples.ids):
                doubt = unpack(int(examples.doubts[row]))
                label = CLASSES[examples.labels[row]]
                found[name] = (doubt, label, examples.providers[row])
    return found


def suspects_of(everybody, threshold):
    above = [(-one.doubt, name) for name, (one, _, _) in everybody.items() if one.doubt > threshold]
    return [name for _, name in sorted(above)]


def test_suspects_are_listed_with_reasons(client, owners):
    everybody = doubted(owners)
    expected = suspects_of(everybody, 0.5)
    answer = get(client, "/v1/suspects")
    assert [one["id"] for one in answer["suspects"]] == expected[:100]
    assert (answer["total"], answer["doubted"]) == (len(expected), len(everybody))
    assert answer["expected_wrong"] == math.fsum(one.doubt for one, _, _ in everybody.values())
    for one in answer["suspects"]:
        doubt, label, provider = everybody[one["id"]]
        assert (one["doubt"], one["label"], one["provider"]) == (doubt.doubt, label, provider)
        assert one["suggested"] == CLASSES[doubt.suggested] != label
        assert one["doubt_evidence"] == doubt.evidence
        assert one["why"].startswith(
            f"the models give this label trees {doubt.support['trees']:.0%}"
        )
        side = "below" if "is below 0" in one["why"] else "at or above"
        assert f"without the contrast its value is {side} 0" in one["why"]
        assert one["why"].endswith("too small") == (doubt.evidence == "seen")
        example = get(client, f"/v1/examples/{one['id']}")
        assert {name: example[name] for name in one if name != "why"} == {
            name: value for name, value in one.items() if name != "why"
        }


def test_suspects_in_pages_and_by_conditions(client, owners):
    everybody = doubted(owners)
    names, cursor = [], None
    while cursor is not None or not names:
        more = {} if cursor is None else {"cursor": cursor}
        page = get(client, "/v1/suspects", threshold=0.2, limit=7, **more)
        names += [one["id"] for one in page["suspects"]]
        cursor = page["next"]
    assert names == suspects_of(everybody, 0.2)
    for condition, place in (({"label": "buy"}, 1), ({"provider": "seller-1"}, 2)):
        answer = get(client, "/v1/suspects", threshold=0.1, limit=1000, **condition)
        (wanted,) = condition.values()
        expected = [
            name for name in suspects_of(everybody, 0.1) if everybody[name][place] == wanted
        ]
        assert [one["id"] for one in answer["suspects"]] == expected
    answer = get(client, "/v1/suspects", threshold=0.1, limit=1000, anonymous=True)
    assert {one["provider"] for one in answer["suspects"]} == {None}
    for bad in ({"label": "nope"}, {"threshold": 1.5}, {"anonymous": True, "provider": "x"}):
        assert (client.get("/v1/suspects", params=bad)).status_code == 422


@pytest.mark.parametrize("order", ["desc", "asc"])
def test_examples_in_the_order_of_their_doubts(client, owners, order):
    everybody = doubted(owners)
    expected = suspects_of(everybody, -1.0)
    if order == "asc":
        expected.reverse()
    first = get(client, "/v1/examples", by="doubt", order=order, limit=9)
    second = get(client, "/v1/examples", by="doubt", order=order, limit=9, cursor=first["next"])
    assert [one["id"] for one in first["examples"] + second["examples"]] == expected[:18]
    ranked = get(client, f"/v1/examples/{expected[0]}", rank=True)
    assert first["examples"][0]["rank"] == ranked["rank"]  # still its place by value
    above = get(client, "/v1/examples", doubt_above=0.5, limit=1000)
    assert {one["id"] for one in above["examples"]} == set(suspects_of(everybody, 0.5))


def test_providers_say_how_much_they_are_doubted(client, owners):
    everybody = doubted(owners)
    answer = get(client, "/v1/providers")
    for one in answer["providers"]:
        theirs = [doubt.doubt for doubt, _, name in everybody.values() if name == one["provider"]]
        assert one["mean_doubt"] == math.fsum(theirs) / len(theirs)
        assert one["doubtful"] == sum(doubt > 0.5 for doubt in theirs)
        assert one["doubtful_share"] == one["doubtful"] / len(theirs)


def test_without_a_doubt_model_nobody_is_doubted(tmp_path):
    owner = Owner(tmp_path, 0)
    some = owner.batch(60)
    owner.apply(Batch(some.ids, some.labels, some.providers, some.timestamps, some.embeddings))
    client = Client(app_of(tmp_path))
    answer = get(client, "/v1/suspects", threshold=0.0)
    assert (answer["suspects"], answer["doubted"], answer["expected_wrong"]) == ([], 0, 0.0)
    example = get(client, f"/v1/examples/{some.ids[0]}")
    assert (example["doubt"], example["suggested"], example["doubt_evidence"]) == (None, None, None)
    (provider, *_) = get(client, "/v1/providers")["providers"]
    assert (provider["mean_doubt"], provider["doubtful_share"]) == (None, None)
    assert get(client, "/v1/examples", by="doubt")["examples"] == []
    owner.store.close()
