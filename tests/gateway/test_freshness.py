"""The gateway prefers owners to copies, and is as current as its worst partition."""

import shutil
import time
from dataclasses import replace

import pytest

from hcdv_stream.api.models.shards import ViewState
from hcdv_stream.api.sources.local import LocalSource
from hcdv_stream.state.heartbeat import Heartbeat, LogEnd, read_heartbeat, write_heartbeat
from tests.api.world import FOUR, TOPIC, Client, Owner, app_of
from tests.gateway.conftest import ADDRESSES, Gateway

STALE = 300.0
"""So long that a busy machine changes nothing; a lag is told for a third of it."""
DEAD = 1000.0
MORE = (*ADDRESSES, "http://other")


def beat(directory, number, seconds_ago=0.0, waiting=0, **changes):
    """Write a partition's heartbeat as of so long ago."""
    place = directory / TOPIC / str(number)
    before = read_heartbeat(place, time.time() + 1e9)
    at = time.time() - seconds_ago
    end, held = LogEnd(at, before.next_offset + waiting), LogEnd(at - 1, before.next_offset)
    told = replace(before, owned_since=at, beat_at=at, checked=end, held=held)
    write_heartbeat(place, replace(told, **changes))


def gateway_over(*directories, **settings):
    apps = [app_of(directory, api_stale_seconds=STALE) for directory in directories]
    chosen = {"api_stale_seconds": STALE, **settings}
    return Gateway(dict(zip(ADDRESSES, apps, strict=True)), **chosen)


@pytest.fixture
def sides(directories, tmp_path):
    """Copies of the two state directories, whose workers are well."""
    copies = []
    for directory, name in zip(directories[1:], ("left", "right"), strict=True):
        copies.append(tmp_path / name)
        shutil.copytree(directory, copies[-1])
    for number in range(4):
        beat(copies[number % 2], number)
    return copies


def copied(sides, number):
    """The other side has the same state of a partition."""
    source, target = sides[number % 2], sides[1 - number % 2]
    shutil.copytree(source / TOPIC / str(number), target / TOPIC / str(number))
    return target


def chosen(gateway):
    """Which sidecar answers for each partition."""
    gateway.get("/v1/summary")
    snapshot = gateway.source._last
    shards = snapshot.open(None, snapshot.size)
    return {number: shard._sidecar.address for shard in shards for number in shard.numbers}


def test_the_worst_partition_counts(sides):
    beat(sides[0], 2, waiting=4)
    beat(sides[1], 3, seconds_ago=20, waiting=5)
    gateway = gateway_over(*sides)
    as_of = gateway.get("/v1/summary").json()["as_of"]
    assert as_of["lag"] == 9
    assert 21 <= as_of["age_seconds"] < 100
    assert 20 <= time.time() - as_of["checked_at"] < 100
    assert gateway.get("/v1/summary?max_lag=8").status_code == 503
    assert gateway.get("/v1/summary?max_lag=9&max_age=100&complete=true").status_code == 200
    assert "partition 3 was last known" in gateway.get("/v1/summary?max_age=20").json()["detail"]


@pytest.mark.parametrize(
    "gone",
    [
        {"released_at": 50.0, "moved": True},
        {"seconds_ago": DEAD},
        {"seconds_ago": DEAD, "released_at": DEAD},
    ],
)
@pytest.mark.parametrize("number", [1, 2])
def test_a_copy_never_wins_over_an_owner_that_is_as_far(sides, number, gone):
    other = copied(sides, number)
    ago = dict(gone)
    if "released_at" in ago:
        ago["released_at"] = time.time() - ago["released_at"]
    beat(other, number, **ago)
    gateway = gateway_over(*sides)
    assert chosen(gateway)[number] == ADDRESSES[number % 2]
    body = gateway.get("/v1/summary?max_lag=0&max_age=100&complete=true").json()
    assert body["stale_partitions"] == []
    assert [part["partition"] for part in body["partitions"]] == [0, 1, 2, 3]


def test_a_copy_that_is_all_there_is_answers_and_is_marked(sides):
    other = copied(sides, 2)
    beat(other, 2, released_at=time.time() - 50, moved=True)
    gateway = gateway_over(*sides)
    examples = gateway.get("/v1/summary").json()["examples"]
    shutil.rmtree(sides[0] / TOPIC / "2")
    gateway = gateway_over(*sides)
    answer = gateway.get("/v1/summary")
    assert answer.json()["examples"] == examples
    assert answer.json()["stale_partitions"] == [2]
    assert answer.headers["HCDV-Stale-Partitions"] == "2"
    refused = gateway.get("/v1/payouts?amount=9&complete=true")
    assert refused.status_code == 503
    assert refused.json()["type"] == "urn:hcdv-stream:problem:stale"
    assert "for partition 2 may be behind: another worker has had it" in refused.json()["detail"]
    assert gateway.get("/readyz").status_code == 200, "the others are current"


def test_a_copy_that_is_further_answers_while_the_owner_begins_anew(sides, tmp_path):
    number, (left, right) = 2, sides
    before = gateway_over(*sides).get("/v1/summary").json()["examples"]
    offset = read_heartbeat(left / TOPIC / str(number), time.time()).next_offset
    beat(left, number, released_at=time.time() - 50, moved=True)
    owner = Owner(right, number, log=FOUR)
    owner.apply(owner.batch(30, prefix="again"))
    owner.beat(checked=LogEnd(time.time(), offset + 7))
    owner.store.close()
    gateway = gateway_over(*sides)
    assert chosen(gateway)[number] == ADDRESSES[0]
    body = gateway.get("/v1/summary").json()
    assert body["examples"] == before
    assert body["stale_partitions"] == [number]
    assert body["partitions"][number]["lag"] == 7, "by what the owner knows of the log"
    assert gateway.get("/v1/summary?complete=true").status_code == 503


def test_all_are_stale_and_it_is_not_ready(sides):
    for number in range(4):
        beat(sides[number % 2], number, seconds_ago=DEAD)
    gateway = gateway_over(*sides)
    body = gateway.get("/v1/summary").json()
    assert body["stale_partitions"] == [0, 1, 2, 3]
    assert body["as_of"]["lag"] is None
    answer = gateway.get("/readyz?verbose")
    assert answer.status_code == 503
    assert answer.json()["detail"].startswith("every partition is stale; partition 0: its worker")
    assert "hcdv_api_stale_partitions 4.0" in gateway.get("/metrics").text


def test_clocks_need_not_agree(sides, monkeypatch):
    for number in range(4):
        beat(sides[number % 2], number, seconds_ago=10)
    gateway = gateway_over(*sides)
    read = ViewState.model_validate_json

    def on_another_clock(content):  # as if the sidecars' machines were an hour ahead
        state = read(content)
        parts = [
            part.model_copy(update={"heartbeat": part.heartbeat.later(3600)})
            for part in state.partitions
        ]
        return state.model_copy(update={"now": state.now + 3600, "partitions": parts})

    monkeypatch.setattr(ViewState, "model_validate_json", on_another_clock)
    as_of = gateway.get("/v1/summary").json()["as_of"]
    assert 10 <= as_of["age_seconds"] < 100
    assert as_of["lag"] == 0


def test_pages_of_an_older_state_are_as_current_as_is_known_now(sides):
    gateway = gateway_over(*sides)
    view = gateway.get("/v1/examples").json()["as_of"]["view"]
    for number in range(4):
        beat(sides[number % 2], number, waiting=2)
    for app in gateway.apps.values():
        app.state.refresher.look()
    gateway.source._looked = -1e9  # more than a second ago
    told = gateway.get("/v1/examples", params={"at": view}).json()
    assert told["as_of"]["view"] == view
    assert told["as_of"]["lag"] == 8
    assert gateway.get("/v1/examples", params={"at": view, "max_lag": 7}).status_code == 503


def test_without_heartbeats_it_answers_and_vouches_for_nothing(sides):
    for path in [*sides[0].rglob("HEARTBEAT"), *sides[1].rglob("HEARTBEAT")]:
        path.unlink()
    gateway = gateway_over(*sides)
    body = gateway.get("/v1/summary").json()
    assert (body["as_of"]["lag"], body["as_of"]["age_seconds"]) == (None, None)
    for demand in ("max_lag=100", "max_age=100", "complete=true"):
        assert gateway.get(f"/v1/summary?{demand}").status_code == 503
    assert gateway.get("/readyz").status_code == 200


def test_one_api_whose_partitions_all_moved_is_no_hindrance(sides):
    for number in (1, 3):
        copied(sides, number)
        beat(sides[1], number, released_at=time.time() - 50, moved=True)
    gateway = gateway_over(*sides)
    assert set(chosen(gateway).values()) == {ADDRESSES[0]}
    assert gateway.get("/v1/summary?complete=true").status_code == 200
    assert Client(gateway.apps[ADDRESSES[1]]).get("/v1/summary").status_code == 503


def test_shifting_a_heartbeat_shifts_every_time():
    beat = Heartbeat(1, "h", 1.0, 2.0, 3.0, 4, 5, LogEnd(6.0, 7), LogEnd(8.0, 9), 10.0, True)
    assert beat.later(100.0) == Heartbeat(
        1, "h", 101.0, 102.0, 103.0, 4, 5, LogEnd(106.0, 7), LogEnd(108.0, 9), 110.0, True
    )


def test_an_api_that_is_left_out_says_nothing_of_the_log(sides, tmp_path):
    """A test's worker on another cluster, say, whose topic of the same name is far shorter."""
    beat(sides[1], 1, waiting=500)
    other = Owner(tmp_path / "other", 1, bundle="cd" * 16, log=FOUR)
    other.apply(other.batch(5))
    other.store.close()
    apps = [app_of(each, api_stale_seconds=STALE) for each in (*sides, tmp_path / "other")]
    gateway = Gateway(dict(zip(MORE, apps, strict=True)), addresses=MORE, api_stale_seconds=STALE)
    assert gateway.get("/v1/summary").json()["as_of"]["lag"] == 500
    assert gateway.get("/v1/summary?max_lag=499").status_code == 503
    assert gateway.get("/v1/summary?complete=true").json()["as_of"]["lag"] == 500


@pytest.mark.parametrize("now", [0.0, -1e300, 1e300])
def test_an_api_that_lies_about_the_time_is_not_believed(sides, monkeypatch, now):
    beat(sides[1], 1, seconds_ago=DEAD)
    monkeypatch.setattr(LocalSource, "state_of", _with_time(LocalSource.state_of, now))
    gateway = gateway_over(*sides)
    as_of = gateway.get("/v1/summary").json()["as_of"]
    assert as_of["lag"] is None
    assert gateway.get("/v1/summary?max_lag=0").status_code == 503
    assert gateway.get("/v1/summary?complete=true").status_code == 503
    assert gateway.get("/v1/summary?max_age=999999999").status_code == 503


def _with_time(real, now):
    def state_of(self, view):
        return real(self, view).model_copy(update={"now": now})

    return state_of
