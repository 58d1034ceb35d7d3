"""Liveness and readiness, by a clock that tests move."""

import pytest

from hcdv_stream.worker.health import Health
from hcdv_stream.worker.log_range import LogError, LogRange


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    return Health(60.0, clock)


def test_alive_without_lag_however_long_nothing_comes(clock: Clock, health: Health):
    health.assigned(ready=True)
    for _ in range(100):
        clock.now += 10
        health.watched(lag=0)
    assert health.ailment() is None
    assert health.since_last_batch == 1000.0


def test_lag_without_a_batch_is_a_stall(clock: Clock, health: Health):
    health.assigned(ready=True)
    health.watched(lag=0)
    for _ in range(12):
        clock.now += 5
        health.watched(lag=7)
    assert health.ailment() is None
    clock.now += 5
    health.watched(lag=7)
    assert health.ailment() == "7 records wait and none was done for 65 s"
    health.batch_done()
    assert health.ailment() is None


def test_an_assignment_starts_the_count_anew(clock: Clock, health: Health):
    clock.now = 59
    health.watched(lag=7)
    health.assigned(ready=True)
    clock.now = 100
    health.watched(lag=7)
    assert health.ailment() is None


def test_no_place_in_the_group_for_long_is_an_ailment(clock: Clock, health: Health):
    clock.now = 50
    health.assigned(ready=False)
    clock.now = 100
    health.watched(lag=0)
    assert health.ailment() is None
    clock.now = 120
    health.watched(lag=0)
    assert health.ailment() == "the consumer group has given no place for 70 s"


def test_a_stuck_event_loop_is_noticed(clock: Clock, health: Health):
    clock.now = 61
    assert health.ailment() == "the event loop has not moved for 61 s"


def test_ready_while_assigned_and_alive(clock: Clock, health: Health):
    assert health.unreadiness() == "no partitions are assigned yet"
    health.assigned(ready=True)
    assert health.unreadiness() is None
    health.assigned(ready=False)
    assert health.unreadiness()
    health.assigned(ready=True)
    clock.now = 100
    assert health.unreadiness() == "the event loop has not moved for 100 s"


@pytest.mark.parametrize(("stored", "at"), [(None, 5), (5, 5), (9, 9), (12, 12)])
def test_goes_on_at_the_stored_offset_or_the_log_s_start(stored: int | None, at: int):
    assert LogRange("t", 0, 5, 12).resumed_at(stored) == at


@pytest.mark.parametrize(("stored", "words"), [(4, "retention"), (13, "another log")])
def test_a_log_without_what_comes_next_fails_loudly(stored: int, words: str):
    with pytest.raises(LogError, match=words) as caught:
        LogRange("t", 0, 5, 12).resumed_at(stored)
    assert f"offset {stored} of partition 0 of topic 't'" in str(caught.value)
