"""Answers that nobody needs to be sent again, and answers that are not good enough yet."""

import pytest

from tests.api.world import Client, Owner, app_of

PATHS = ["examples", "coalitions", "coalitions/p0-n0", "providers", "summary", "examples/p0s00001"]


@pytest.fixture
def owner(tmp_path):
    owner = Owner(tmp_path, 0)
    owner.apply(owner.batch(60))
    yield owner
    owner.store.close()


@pytest.mark.parametrize("path", [*PATHS, "select?share=0.2", "payouts?amount=9", "export"])
def test_what_did_not_change_is_not_sent_again(tmp_path, owner, path):
    app = app_of(tmp_path)
    client = Client(app)
    first = client.get(f"/v1/{path}")
    tag = first.headers["etag"]
    assert tag.startswith('W/"'), "the same values, but not the same age"
    assert "0-1" in tag
    for named in (tag, tag.removeprefix("W/"), f'"x", {tag}', "*"):
        again = client.get(f"/v1/{path}", headers={"If-None-Match": named})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    owner.apply(owner.batch(1, prefix="n"))
    app.state.refresher.look()
    other = client.get(f"/v1/{path}", headers={"If-None-Match": tag})
    assert other.status_code == 200
    assert other.headers["etag"] != tag


def test_other_default_weights_are_other_answers(tmp_path, owner):
    tags = [
        Client(app_of(tmp_path, **chosen)).get("/v1/summary").headers["etag"]
        for chosen in ({}, {"beta": 0.1})
    ]
    assert tags[0] != tags[1]


def test_reading_what_was_written(tmp_path, owner):
    app = app_of(tmp_path)
    client = Client(app)
    for demand in ("60", "0:60", "0"):
        assert client.get("/v1/summary", params={"min_offset": demand}).status_code == 200
    answer = client.get("/v1/examples/p0n00000", params={"min_offset": "0:61"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.json() == {
        "type": "urn:hcdv-stream:problem:behind",
        "title": "Not that far yet",
        "status": 503,
        "detail": "partition 0 is at offset 60, min_offset asks for 61",
        "instance": "/v1/examples/p0n00000",
    }
    owner.apply(owner.batch(1, prefix="n"))
    app.state.refresher.look()
    assert client.get("/v1/examples/p0n00000", params={"min_offset": "0:61"}).status_code == 200
    several = client.get("/v1/summary", params={"min_offset": ["0:1", "4:1"]})
    assert several.json()["detail"] == "partition 4 cannot be asked"


def test_not_behind_by_more_than(tmp_path, owner):
    client = Client(app_of(tmp_path))
    assert client.get("/v1/summary", params={"max_lag": 3}).status_code == 200
    answer = client.get("/v1/summary", params={"max_lag": 2})
    assert answer.status_code == 503
    assert answer.json()["detail"] == "the lag is 3, max_lag asks for 2"


@pytest.mark.parametrize("demand", ["x", "-1", "0:", ":1", "1:2:3", "", "٣"])
def test_what_is_no_offset(tmp_path, owner, demand):
    answer = Client(app_of(tmp_path)).get("/v1/summary", params={"min_offset": demand})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "min_offset.0"
