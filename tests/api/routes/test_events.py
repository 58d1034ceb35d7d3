"""Server-sent events: every state that becomes visible, once, the newest first."""

import json

import httpx
import pytest

from tests.api.serving import served
from tests.api.world import Client, Owner, app_of


@pytest.fixture
def owner(tmp_path):
    owner = Owner(tmp_path, 0)
    owner.apply(owner.batch(40))
    yield owner
    owner.store.close()


def events(text):
    """What a stream says, as pairs of id and data."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if fields.get("event") == "update":
            found.append((fields["id"], json.loads(fields["data"])))
    return found


def test_the_first_event_is_what_there_is(tmp_path, owner):
    client = Client(app_of(tmp_path))
    answer = client.get("/v1/events", params={"limit": 1})
    assert answer.headers["content-type"].startswith("text/event-stream")
    ((name, data),) = events(answer.text)
    summary = client.get("/v1/summary", params={"at": name}).json()
    assert sorted(data["as_of"]) == sorted(summary["as_of"])
    for as_of in (data["as_of"], summary["as_of"]):
        assert as_of.pop("age_seconds") < 60
    assert data["as_of"] == summary["as_of"]
    assert data["examples"] == 40
    assert data["missing_partitions"] == []


def test_every_update_that_is_waited_for_is_told(tmp_path, owner):
    app = app_of(tmp_path)
    ((last, _),) = events(Client(app).get("/v1/events", params={"limit": 1}).text)
    asked = {"params": {"limit": 3}, "headers": {"Last-Event-ID": last}}
    told = []
    with served(app) as address, httpx.stream("GET", f"{address}/v1/events", **asked) as answer:
        lines = answer.iter_lines()
        for step in range(3):
            owner.apply(owner.batch(10, prefix=f"n{step}"))
            app.state.refresher.look()
            next(line for line in lines if line == "event: update")
            line = next(line for line in lines if line.startswith("data: "))
            told.append(json.loads(line.removeprefix("data: ")))
        assert not [line for line in lines if line], "three were asked for"
    assert [data["examples"] for data in told] == [50, 60, 70]
    assert last not in {data["as_of"]["view"] for data in told}


def test_no_state_yet(tmp_path):
    assert Client(app_of(tmp_path)).get("/v1/events").status_code == 503


@pytest.mark.parametrize("asked", [{"limit": 0}, {"interval": -1}, {"interval": "nan"}])
def test_what_cannot_be_asked(tmp_path, owner, asked):
    assert Client(app_of(tmp_path)).get("/v1/events", params=asked).status_code == 422
