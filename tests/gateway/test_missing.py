"""What cannot be asked is named, never left out silently."""

import pytest

from hcdv_stream.api.middleware.api_keys import Scope, new_key
from hcdv_stream.broker.partitioner import partition_of
from tests.api.world import FOUR, Client, Owner, app_of, timeless
from tests.gateway.conftest import ADDRESSES, Gateway


@pytest.fixture
def halved(gateway):
    gateway.stop("http://right")
    return gateway


@pytest.mark.parametrize(
    "path",
    [
        "/v1/examples",
        "/v1/providers",
        "/v1/summary",
        "/v1/suspects",
        "/v1/payouts?amount=5",
        "/v1/select?share=0.5",
    ],
)
def test_every_answer_names_the_partitions_that_are_missing(halved, directories, path):
    answer = halved.get(path)
    assert answer.status_code == 200
    body = answer.json()
    assert body["missing_partitions"] == [1, 3]
    assert answer.headers["HCDV-Missing-Partitions"] == "1,3"
    assert list(body["as_of"]["offsets"]) == ["0", "2"]
    alone = Client(app_of(directories[1])).get(path).json()  # the corpus of those that are there
    for part in map(timeless, (body, alone)):
        part.pop("missing_partitions")
        part["as_of"].pop("view")
        part.pop("next", None)
    assert body == alone


@pytest.mark.parametrize(
    "path",
    ["/v1/examples?", "/v1/providers?", "/v1/payouts?amount=5&", "/v1/select?share=0.5&"],
)
def test_what_is_to_be_complete_is_refused(halved, path):
    answer = halved.get(f"{path}complete=true")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["type"] == "urn:hcdv-stream:problem:partition-missing"
    assert answer.json()["detail"].endswith("would be without: 1, 3")
    assert halved.get(f"{path}complete=false").status_code == 200


def test_nothing_is_missing_where_all_are_there(gateway):
    answer = gateway.get("/v1/summary", params={"complete": True})
    assert answer.json()["missing_partitions"] == []
    assert "HCDV-Missing-Partitions" not in answer.headers


def test_an_example_that_may_be_in_a_missing_partition_is_not_said_to_be_unknown(halved, alone):
    examples = alone.get("/v1/examples").json()["examples"]
    here = next(example for example in examples if partition_of(example["id"], 4) % 2 == 0)
    assert halved.get(f"/v1/examples/{here['id']}").json()["id"] == here["id"]
    there = next(example for example in examples if partition_of(example["id"], 4) % 2 == 1)
    answer = halved.get(f"/v1/examples/{there['id']}")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["type"] == "urn:hcdv-stream:problem:partition-missing"
    assert answer.json()["detail"].endswith("that the answer would be without: 1, 3")
    assert halved.get("/v1/coalitions/p1-n0").json()["detail"].endswith("would be without: 1")
    assert halved.get("/v1/coalitions/p0-n9999").status_code == 404


def test_it_starts_over_where_an_api_dies_in_between(gateway):
    assert gateway.get("/v1/summary").json()["missing_partitions"] == []
    gateway.apps.pop("http://right")  # the gateway has its state and does not know
    assert gateway.get("/v1/summary").json()["missing_partitions"] == [1, 3]


def test_pages_of_a_state_that_cannot_be_had_are_refused(gateway):
    cursor = gateway.get("/v1/examples", params={"limit": 5}).json()["next"]
    gateway.stop("http://right")
    answer = gateway.get("/v1/examples", params={"limit": 5, "cursor": cursor})
    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:hcdv-stream:problem:shard-lost"


def test_no_api_at_all(halved):
    halved.stop("http://left")
    answer = halved.get("/v1/summary")
    assert answer.status_code == 503
    assert "no API can be asked: http://left does not answer" in answer.json()["detail"]
    assert halved.get("/livez").status_code == 200
    ready = halved.get("/readyz?verbose")
    assert ready.status_code == 503
    assert [check["name"] for check in ready.json()["checks"]] == ["state", *ADDRESSES]


def test_readiness_says_how_each_api_is(halved):
    checks = halved.get("/readyz?verbose").json()["checks"]
    assert checks[0]["detail"] == "missing partitions: 1, 3"
    assert checks[1]["detail"] == "answers"
    assert "does not answer" in checks[2]["detail"]


def test_a_partition_that_moved_is_asked_where_it_is_further(directories, tmp_path):
    new = tmp_path / "new"
    owner = Owner(new, 2, log=FOUR)
    owner.offset = 10_000
    owner.apply(owner.batch(30, prefix="moved"))
    owner.store.close()
    old = directories[1]
    gateway = Gateway(dict(zip(ADDRESSES, (app_of(old), app_of(new)), strict=True)))
    summary = gateway.get("/v1/summary").json()
    assert summary["as_of"]["offsets"]["2"] == 10_030
    assert summary["missing_partitions"] == [1, 3]
    assert [part["partition"] for part in summary["partitions"]] == [0, 2]


@pytest.mark.parametrize("secret", [None, "wrong", "a reader's"])
def test_an_api_that_refuses_the_key_is_said_to(directories, tmp_path, secret):
    reader, key = new_key("reader", [Scope.READ])
    file = tmp_path / "keys"
    file.write_text(key.line)
    keyed = app_of(directories[1], api_keys=file)
    shown = reader if secret == "a reader's" else secret
    apps = dict(zip(ADDRESSES, (keyed, app_of(directories[2])), strict=True))
    gateway = Gateway(apps, gateway_key=shown)
    answer = gateway.get("/readyz?verbose")
    told = answer.json()["checks"][1]["detail"]
    assert told.startswith("http://left refuses the key (")
    assert told.endswith("let HCDV_GATEWAY_KEY be one of its keys, with the scope `shard`")
    assert gateway.get("/v1/summary").json()["missing_partitions"] == [0, 2]


def owner_of(state_dir, number, bundle):
    owner = Owner(state_dir, number, bundle=bundle, log=FOUR)
    owner.apply(owner.batch(20))
    owner.store.close()
    return app_of(state_dir)


def test_states_of_two_bundles_are_not_merged_where_neither_has_more_partitions(tmp_path):
    apps = owner_of(tmp_path / "a", 0, "ab" * 16), owner_of(tmp_path / "b", 1, "cd" * 16)
    gateway = Gateway(dict(zip(ADDRESSES, apps, strict=True)))
    answer = gateway.get("/v1/summary")
    assert answer.status_code == 503
    assert "different bundles or parameters" in answer.json()["detail"]


def test_an_api_of_another_bundle_than_the_others_is_missing(directories, tmp_path):
    apps = app_of(directories[1]), owner_of(tmp_path, 1, "cd" * 16)
    gateway = Gateway(dict(zip(ADDRESSES, apps, strict=True)))
    for _ in range(3):
        assert gateway.get("/v1/summary").json()["missing_partitions"] == [1, 3]
        gateway.source.forget()
    told = gateway.get("/readyz?verbose").json()["checks"][2]["detail"]
    assert told.startswith("http://right has a state of another bundle or other parameters")
