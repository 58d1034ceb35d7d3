"""Answers say how current they are, and say that nobody knows where nobody does."""

import json
import re
import shutil
import time
import tracemalloc
from contextlib import contextmanager
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hcdv_stream.api.views.freshness import LogEnds, LogKnowledge
from hcdv_stream.state.heartbeat import NAME, Heartbeat, LogEnd
from tests.api.world import FOUR, Client, Owner, app_of

STALE = 300.0
"""So long that a busy machine changes nothing; a lag is told for a third of it."""
DEAD = 1000.0
PATHS = [
    "examples", "examples/p0s00001", "coalitions", "coalitions/p0-n0", "providers", "summary",
    "select?share=0.2", "payouts?amount=9", "export", "tree", "distribution", "why/p0s00001",
    "history/p0s00001",
]  # fmt: skip


class World:
    """Two partitions of 60 and 30 examples, an API over them, and what their owners say."""

    def __init__(self, directory) -> None:
        self.owners = [Owner(directory, 0), Owner(directory, 1)]
        for owner, count in zip(self.owners, (60, 30), strict=True):
            owner.apply(owner.batch(count))
        self.directory = directory
        self._start()

    def _start(self) -> None:
        self.app = app_of(self.directory, api_stale_seconds=STALE)
        self.client = Client(self.app)

    def beat(self, seconds_ago=0.0, waiting=0, numbers=(0, 1), **changes):
        """The owners' last beats: the broker answered so long ago, and so many records waited.

        An API that has looked since knows better than a beat of the past: a new one looks.
        """
        at = time.time() - seconds_ago
        for owner in (self.owners[number] for number in numbers):
            held = LogEnd(at - (3.0 if waiting else 0.0), owner.offset)
            told = {"beat_at": at, "checked": LogEnd(at, owner.offset + waiting), "held": held}
            owner.beat(**(told | changes))
        if seconds_ago:
            self._start()
        self.app.state.refresher.look()

    def get(self, path, **asked):
        return self.client.get(f"/v1/{path}", params=asked)

    def summary(self, **asked):
        return self.get("summary", **asked).json()

    def metrics(self):
        families = text_string_to_metric_families(self.client.get("/metrics").text)
        samples = [sample for family in families for sample in family.samples]
        return {(one.name, one.labels.get("partition")): one.value for one in samples}


@contextmanager
def world_in(directory):
    world = World(directory)
    yield world
    for owner in world.owners:
        owner.store.close()


@pytest.fixture
def world(tmp_path):
    with world_in(tmp_path) as world:
        yield world


@pytest.fixture(scope="module")
def dead(tmp_path_factory):
    """A world whose workers are dead, for all tests that only ask it."""
    with world_in(tmp_path_factory.mktemp("dead")) as world:
        world.beat(seconds_ago=DEAD)
        yield world


def test_a_state_that_holds_everything(world):
    world.beat()
    body = world.summary(max_lag=0, max_age=100, complete=True)
    as_of = body["as_of"]
    assert as_of["lag"] == 0
    assert 0 <= as_of["age_seconds"] < 100
    assert time.time() - 100 < as_of["checked_at"] <= time.time()
    assert body["stale_partitions"] == body["left_out"] == []
    assert [part["stale"] for part in body["partitions"]] == [False, False]
    assert world.client.get("/readyz").status_code == 200


def test_what_waits_is_added_and_the_oldest_partition_counts(world):
    world.beat(waiting=2, numbers=[0])
    held = LogEnd(time.time() - DEAD, world.owners[1].offset)
    world.beat(seconds_ago=2, waiting=5, numbers=[1], held=held)
    as_of = world.summary()["as_of"]
    assert as_of["lag"] == 7
    assert DEAD <= as_of["age_seconds"] < DEAD + 100
    assert time.time() - as_of["checked_at"] >= 2
    assert world.get("summary", max_lag=7).status_code == 200
    refused = world.get("summary", max_lag=6)
    assert refused.status_code == 503
    assert refused.json()["detail"] == "the lag is 7, max_lag asks for 6"
    assert world.get("summary", max_age=DEAD + 100).status_code == 200
    refused = world.get("summary", max_age=DEAD - 100)
    assert refused.json()["type"] == "urn:hcdv-stream:problem:behind"
    assert refused.json()["detail"].startswith("partition 1 was last known to be up to date ")


def test_lag_is_that_of_the_state_that_answers(world):
    world.beat()
    view = world.summary()["as_of"]["view"]
    world.get("examples")  # which keeps the state
    world.owners[0].apply(world.owners[0].batch(7, prefix="n"))
    world.beat()
    assert world.summary()["as_of"]["lag"] == 0
    assert world.summary(at=view)["as_of"]["lag"] == 7
    assert world.get("summary", at=view, max_lag=6).status_code == 503


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("demand", ["max_lag=0", "max_lag=1000000", "max_age=60", "complete=true"])
def test_nothing_is_vouched_for_when_the_workers_are_dead(dead, path, demand):
    answer = dead.client.get(f"/v1/{path}")
    assert answer.status_code == 200
    assert answer.headers["HCDV-Stale-Partitions"] == "0,1"
    assert DEAD <= float(answer.headers["HCDV-Age-Seconds"]) < DEAD + 100
    assert "HCDV-Lag" not in answer.headers
    if path != "export":
        body = answer.json()
        assert body["as_of"]["lag"] is None
        assert DEAD <= body["as_of"]["age_seconds"] < DEAD + 100
        assert body["stale_partitions"] == [0, 1]
    refused = dead.client.get(f"/v1/{path}{'&' if '?' in path else '?'}{demand}")
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    detail = refused.json()["detail"]
    assert "partition 0" in detail
    assert re.search(r"its worker \(process 4711\) wrote its last heartbeat 10\d\d s ago", detail)


def test_a_batch_is_refused_as_well(world):
    world.beat(seconds_ago=DEAD)
    asked = {"params": {"max_age": 5}, "json": {"ids": ["p0s00001"]}}
    assert world.client.post("/v1/examples:batchGet", **asked).status_code == 503


def test_readiness_listing_and_metrics_agree_that_it_is_stale(world):
    world.beat(numbers=[1])
    world.beat(seconds_ago=DEAD, numbers=[0])
    parts = world.summary()["partitions"]
    assert [part["stale"] for part in parts] == [True, False]
    assert [part["lag"] for part in parts] == [None, 0]
    assert time.time() - parts[0]["since"] == pytest.approx(DEAD, abs=100)
    ready = world.client.get("/readyz?verbose")
    assert ready.status_code == 503
    assert [check["ok"] for check in ready.json()["checks"]] == [True, False, True]
    assert "stale since" in ready.json()["detail"]
    strangers = world.client.get("/readyz").json()
    assert strangers["type"] == "urn:hcdv-stream:problem:stale"
    assert "4711" not in strangers["detail"]
    assert str(world.app.state.refresher._directory) not in ready.json()["detail"]
    found = world.metrics()
    assert found["hcdv_api_stale_partitions", None] == 1
    assert found["hcdv_api_lag_records", "1"] == 0
    assert ("hcdv_api_lag_records", "0") not in found
    assert found["hcdv_api_age_seconds", "0"] >= DEAD


def test_a_lag_is_not_told_long_after_the_broker_said_it(world):
    world.beat(seconds_ago=STALE / 3 + 1, waiting=3)
    body = world.summary()
    assert body["as_of"]["lag"] is None
    assert body["stale_partitions"] == []
    assert world.client.get("/readyz").status_code == 200
    assert world.get("summary", max_lag=100).status_code == 503


def test_a_worker_that_lives_without_its_broker(world):
    world.beat(seconds_ago=DEAD, beat_at=time.time())
    refused = world.get("summary", max_lag=0)
    assert refused.json()["type"] == "urn:hcdv-stream:problem:stale"
    assert re.fullmatch(
        r"max_lag cannot be met, for partition 0 may be behind: the broker last answered its "
        r"worker \(process 4711\) 10\d\d s ago",
        refused.json()["detail"],
    )
    assert world.client.get("/readyz").status_code == 503


@pytest.mark.parametrize("content", [None, b"", b"garbled\n00000000\n", b"later", b"future"])
def test_without_a_heartbeat_it_answers_and_vouches_for_nothing(world, content):
    for owner in world.owners:
        file, now = owner.directory / NAME, time.time()
        if content == b"future":
            owner.beat(checked=LogEnd(now + 3600, owner.offset), beat_at=now + 3600)
        elif content == b"later":
            line = file.read_bytes().replace(b'"format": 1', b'"format": 9')
            file.write_bytes(line)
        elif content is None:
            file.unlink()
        else:
            file.write_bytes(content)
    world.app.state.refresher.look()
    body = world.summary()
    as_of = body["as_of"]
    assert (as_of["lag"], as_of["age_seconds"], as_of["checked_at"]) == (None, None, None)
    assert [part["stale"] for part in body["partitions"]] == [None, None]
    assert world.client.get("/readyz").status_code == 200
    for demand in ({"max_lag": 10**9}, {"max_age": 10**9}, {"complete": True}):
        refused = world.get("summary", **demand)
        assert refused.status_code == 503
        assert "no worker has written a heartbeat" in refused.json()["detail"]
    assert world.metrics()["hcdv_api_stale_partitions", None] == 2


def test_a_state_that_cannot_be_read_any_more_falls_behind(world):
    world.beat()
    (world.owners[0].directory / "CURRENT").write_text("MANIFEST-999999\n")
    world.owners[0].offset += 50  # its owner goes on
    world.beat()
    assert world.summary()["as_of"]["lag"] == 50


def test_offsets_without_records_are_no_lag(world):
    offset = world.owners[0].offset
    world.beat(numbers=[1])
    end = LogEnd(time.time(), offset + 1)  # the marker of a transaction
    world.beat(numbers=[0], checked=end, held=end, position=offset + 1)
    assert world.summary(max_lag=0)["as_of"]["lag"] == 0


def test_not_modified_vouches_for_no_age(world):
    world.beat()
    first = world.get("summary")
    tag = {"If-None-Match": first.headers["etag"]}
    world.beat()
    again = world.client.get("/v1/summary", headers=tag)
    assert again.status_code == 304
    assert again.headers["hcdv-lag"] == "0"
    assert float(again.headers["hcdv-age-seconds"]) < 100
    assert float(again.headers["hcdv-checked-at"]) > first.json()["as_of"]["checked_at"]
    # The values are the same, and yet the answer is another one.
    world.beat(waiting=4)
    assert world.client.get("/v1/summary", headers=tag).json()["as_of"]["lag"] == 8
    world.beat(seconds_ago=DEAD)
    other = world.client.get("/v1/summary", headers=tag)
    assert other.status_code == 200
    assert other.json()["stale_partitions"] == [0, 1]
    refused = world.client.get("/v1/summary", headers=tag, params={"max_age": 5})
    assert refused.status_code == 503


def test_a_partition_that_moved_is_left_out_and_listed(world):
    world.beat()
    before = world.summary()
    world.beat(numbers=[1], released_at=time.time() - 30, moved=True)
    body = world.summary(max_lag=0, max_age=100, complete=True)
    assert (before["examples"], body["examples"]) == (90, 60)
    assert [part["partition"] for part in body["partitions"]] == [0]
    assert body["value"] == pytest.approx(body["total"])
    assert body["stale_partitions"] == []
    (gone,) = body["left_out"]
    assert (gone["partition"], gone["examples"], gone["stale"]) == (1, 30, True)
    assert time.time() - gone["since"] == pytest.approx(30, abs=100)
    assert world.get("examples", limit=1000).json()["total"] == 60
    assert world.get("examples/p1s00001").status_code == 404
    assert {row["partition"] for row in map(json.loads, world.get("export").iter_lines())} == {0}
    names = {one["provider"] for one in world.get("providers").json()["providers"]}
    assert names
    assert sum(one["examples"] for one in world.get("providers").json()["providers"]) == 60
    checks = world.client.get("/readyz?verbose").json()["checks"]
    assert "left out of answers: another worker has had it for " in checks[-1]["detail"]
    found = world.metrics()
    assert found["hcdv_api_left_out_partitions", None] == 1
    assert found["hcdv_api_partitions", None] == 1
    assert found["hcdv_api_examples", None] == 60
    # The state before is still one that can be asked for, and what comes back is there at once.
    assert world.summary(at=before["as_of"]["view"])["examples"] == 90
    assert body["as_of"]["view"] != before["as_of"]["view"]
    world.beat()
    assert world.summary()["examples"] == 90
    assert world.summary()["left_out"] == []


def test_an_api_whose_partitions_all_moved_says_so(world):
    world.beat(released_at=time.time(), moved=True)
    answer = world.get("summary")
    assert answer.status_code == 503
    assert answer.json()["detail"] == (
        "all partitions here were handed over to other workers (0, 1): ask those"
    )
    assert world.client.get("/readyz").status_code == 503
    assert world.metrics()["hcdv_api_left_out_partitions", None] == 2


def test_a_copy_of_another_bundle_does_not_stop_the_others(tmp_path):
    kept, other = Owner(tmp_path, 0), Owner(tmp_path, 1, bundle="cd" * 16)
    for owner in (kept, other):
        owner.apply(owner.batch(20))
    other.beat(released_at=time.time(), moved=True)
    assert Client(app_of(tmp_path)).get("/v1/summary").json()["examples"] == 20
    for owner in (kept, other):
        owner.store.close()


def test_a_worker_that_stopped_leaves_its_partitions_stale_not_out(world):
    world.beat(seconds_ago=DEAD, released_at=time.time() - DEAD)
    body = world.summary()
    assert body["examples"] == 90
    assert body["stale_partitions"] == [0, 1]
    refused = world.get("summary", complete=True)
    detail = refused.json()["detail"]
    assert re.search(r"let it go 10\d\d s ago and nobody has taken it since", detail)


def test_a_partition_without_a_first_update_counts(world):
    world.beat()
    third = Owner(world.owners[0].directory.parents[1], 2)
    third.beat(checked=LogEnd(time.time(), 40), held=None)
    world.app.state.refresher.look()
    assert world.summary()["as_of"]["lag"] == 40
    assert world.get("summary", max_lag=39).status_code == 503
    third.store.close()


BEAT = Heartbeat(1, "h", 0.0, 0.0, 20.0, 0, 0)


def test_age_counts_from_the_last_look_whose_end_is_in_the_state():
    ends = LogEnds()
    ends.learn(LogEnd(10.0, 100), LogEnd(11.0, 150), LogEnd(12.0, 150), LogEnd(13.0, 220), now=20.0)
    known = LogKnowledge(BEAT, ends)

    def age(next_offset):
        return known.freshness(0, next_offset, 20.0, 15.0).age

    assert [age(offset) for offset in (99, 100, 149, 150, 219, 220, 500)] == [
        None, 10.0, 10.0, 8.0, 8.0, 7.0, 7.0,
    ]  # fmt: skip
    ends.learn(LogEnd(14.0, 5), now=20.0)  # another log: nothing of before counts
    assert [age(offset) for offset in (4, 5, 500)] == [None, 6.0, 6.0]
    ends.learn(LogEnd(13.5, 900), now=20.0)  # old news
    assert ends.newest == LogEnd(14.0, 5)


def test_what_is_known_of_a_busy_log_stays_bounded():
    ends = LogEnds()
    for second in range(9000):
        ends.learn(LogEnd(float(second), 1000 * second), now=float(second))
    assert len(ends._times) == len(ends._offsets) < 5000
    assert ends.held_at(8_999_000) == 8999.0
    assert ends.held_at(0) is None


def test_what_is_known_of_a_busy_log_takes_no_more_bytes_with_time():
    """Memory that takes an hour to reach its bound looks like a leak until then."""
    ends, taken = LogEnds(), []
    tracemalloc.start()
    try:
        for second in range(6000):
            ends.learn(LogEnd(second + 0.5, 1000 * second), now=float(second))
            if second in (10, 4000, 5999):
                taken.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert max(taken) < 24 * 4096
    assert taken[-1] - taken[0] < 4096


@pytest.mark.parametrize("alive", [True, False])
def test_a_clock_that_was_set_back_freezes_no_lag(alive):
    now, ends = 10_000.0, LogEnds()
    ends.learn(LogEnd(now, 100), now=now)
    beat = replace(BEAT, beat_at=now, next_offset=100, position=100, checked=LogEnd(now, 100))
    assert LogKnowledge(beat, ends).freshness(0, 100, now, 15.0).lag == 0
    now -= 3600.0
    fresh = LogKnowledge(beat, ends).freshness(0, 100, now, 15.0)
    assert (fresh.lag, fresh.age, fresh.stale) == (None, None, None)
    assert "the clock was set back" in fresh.reason
    if alive:  # the worker goes on, in the new time, and 50 records wait
        now += 1.0
        beat = replace(beat, beat_at=now, checked=LogEnd(now, 150), held=None)
        ends.learn(beat.held, beat.checked, now=now)
        fresh = LogKnowledge(beat, ends).freshness(0, 100, now, 15.0)
        assert (fresh.lag, fresh.age, fresh.stale) == (50, None, False)


def test_an_api_sees_through_a_clock_that_was_set_back(world, monkeypatch):
    real, ahead = time.time, 3600.0
    monkeypatch.setattr(time, "time", lambda: real() + ahead)
    refresher = world.app.state.refresher
    refresher._clock = refresher._beats._clock = time.time
    world.beat()
    assert world.summary(max_lag=0, complete="true")["as_of"]["lag"] == 0
    ahead = 0.0
    assert world.get("summary", max_lag=0).status_code == 503
    world.beat(waiting=9)
    as_of = world.summary()["as_of"]
    assert as_of["lag"] == 18
    assert world.get("summary", max_lag=17, complete="true").status_code == 503


def test_a_sidecar_names_the_partitions_that_it_has_not(tmp_path):
    """Its own are half of the topic: nobody must be paid by them alone."""
    owners = [Owner(tmp_path, number, log=FOUR) for number in (0, 2)]
    for owner in owners:
        owner.apply(owner.batch(30))
    client = Client(app_of(tmp_path))
    body = client.get("/v1/summary")
    assert body.json()["missing_partitions"] == [1, 3]
    assert body.headers["HCDV-Missing-Partitions"] == "1,3"
    for path in ("summary?", "payouts?amount=9&"):
        refused = client.get(f"/v1/{path}complete=true")
        assert refused.status_code == 503
        assert refused.json()["detail"].endswith("would be without: 1, 3")
    elsewhere = client.get("/v1/examples/p1s00001")
    assert elsewhere.json()["detail"].endswith("would be without: 1, 3")
    for owner in owners:
        owner.store.close()


def test_a_partition_without_records_is_not_missing_where_a_worker_owns_it(tmp_path):
    owners = [Owner(tmp_path, number, log=FOUR) for number in range(4)]
    for owner in owners[:3]:
        owner.apply(owner.batch(30))
    app = app_of(tmp_path)
    client = Client(app)
    before = client.get("/v1/summary")
    assert before.json()["missing_partitions"] == [3]
    owners[3].beat()
    app.state.refresher.look()
    after = client.get("/v1/summary", headers={"If-None-Match": before.headers["ETag"]})
    assert after.json()["missing_partitions"] == []
    for owner in owners:
        owner.store.close()


def test_a_state_that_has_not_caught_up_is_not_complete(world):
    """Its worker is well and says what waits: that is no reason to pay by a part of the log."""
    world.beat(0.1, waiting=500, held=None)
    body = world.summary()
    assert (body["as_of"]["lag"], body["as_of"]["age_seconds"]) == (1_000, None)
    for path in ("summary?", "payouts?amount=9&"):
        refused = world.client.get(f"/v1/{path}complete=true")
        assert refused.status_code == 503
        assert "it has not caught up with its log yet: 500 records wait" in refused.json()["detail"]


def test_a_partition_whose_state_cannot_be_used_is_missing(tmp_path):
    """Its worker is well, as its heartbeat says; the state is another partition's."""
    owner = Owner(tmp_path, 0, log=FOUR)
    owner.apply(owner.batch(30))
    other = Owner(tmp_path / "elsewhere", 1, log=FOUR)
    other.apply(other.batch(30))
    other.store.close()
    shutil.copytree(other.directory, owner.directory.parent / "3")
    body = Client(app_of(tmp_path)).get("/v1/summary").json()
    assert body["missing_partitions"] == [1, 2, 3]
    owner.store.close()
