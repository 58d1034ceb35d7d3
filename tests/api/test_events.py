"""Server-sent events: every state that becomes visible, once, the newest first."""

import json
import threading
import time

import pytest

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
    assert data["as_of"] == summary["as_of"]
    assert data["points"] == 40
    assert data["missing_partitions"] == []


def test_every_update_is_told(tmp_path, owner):
    app = app_of(tmp_path)
    seen = Client(app).get("/v1/events", params={"limit": 1})
    ((last, _),) = events(seen.text)

    def move():
        for step in range(3):
            time.sleep(0.15)
            owner.apply(owner.batch(10, prefix=f"n{step}"))
            app.state.refresher.look()

    thread = threading.Thread(target=move)
    thread.start()
    answer = Client(app).get("/v1/events", params={"limit": 3}, headers={"Last-Event-ID": last})
    thread.join()
    told = events(answer.text)
    assert [data["points"] for _, data in told] == [50, 60, 70]
    assert last not in {name for name, _ in told}


def test_no_state_yet(tmp_path):
    assert Client(app_of(tmp_path)).get("/v1/events").status_code == 503


@pytest.mark.parametrize("asked", [{"limit": 0}, {"interval": -1}, {"interval": "nan"}])
def test_what_cannot_be_asked(tmp_path, owner, asked):
    assert Client(app_of(tmp_path)).get("/v1/events", params=asked).status_code == 422
