"""Liveness and readiness, by a clock that tests move."""

import pytest

from hcdv_stream.worker.kafka.log_range import LogError, LogRange
from hcdv_stream.worker.supervision.health import WorkerHealth


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> WorkerHealth:
    return WorkerHealth(60.0, clock)


def alive(health: WorkerHealth) -> None:
    """Event loop and reading thread move."""
    health.event_loop_ran()
    health.reader_ran()


def pass_time(clock: Clock, health: WorkerHealth, seconds: float, lag: int | None = 0) -> None:
    """Let time go by; the broker answers each second with this lag, or not where it is None."""
    for _ in range(int(seconds)):
        clock.now += 1
        alive(health)
        if lag is not None:
            health.answered(lag)


def test_alive_without_lag_however_long_nothing_comes(clock: Clock, health: WorkerHealth):
    health.assigned(ready=True)
    pass_time(clock, health, 1000)
    assert health.liveness_failure() is None
    assert health.since_last_batch == 1000.0


def test_lag_without_a_batch_is_a_stall(clock: Clock, health: WorkerHealth):
    health.assigned(ready=True)
    pass_time(clock, health, 60, lag=7)
    assert health.liveness_failure() is None
    pass_time(clock, health, 5, lag=7)
    assert health.liveness_failure() == "7 records wait and none was done for 65 s"
    health.batch_done()
    assert health.liveness_failure() is None


def test_an_assignment_starts_the_count_anew(clock: Clock, health: WorkerHealth):
    pass_time(clock, health, 59, lag=7)
    health.assigned(ready=True)
    pass_time(clock, health, 41, lag=7)
    assert health.liveness_failure() is None


def test_no_place_in_the_group_for_long_is_an_ailment(clock: Clock, health: WorkerHealth):
    pass_time(clock, health, 50)
    health.assigned(ready=False)
    pass_time(clock, health, 50)
    assert health.liveness_failure() is None
    pass_time(clock, health, 20)
    assert health.liveness_failure() == "the consumer group has given no place for 70 s"


def test_a_stuck_event_loop_is_noticed(clock: Clock, health: WorkerHealth):
    clock.now = 61
    health.reader_ran()
    assert health.liveness_failure() == "the event loop has not moved for 61 s"


def test_a_stuck_reading_thread_is_noticed(clock: Clock, health: WorkerHealth):
    clock.now = 61
    health.event_loop_ran()
    assert health.liveness_failure() == "the thread that reads the log has not moved for 61 s"


@pytest.mark.parametrize("ready", [True, False])
def test_a_broker_that_is_gone_is_no_reason_to_restart(
    clock: Clock, health: WorkerHealth, ready: bool
):
    health.assigned(ready=ready)
    pass_time(clock, health, 20, lag=7)
    pass_time(clock, health, 1000, lag=None)
    assert health.liveness_failure() is None
    assert health.readiness_failure() == "the broker has not answered for 1000 s"
    assert health.silence == 1000
    # When it is back, the counts begin anew.
    pass_time(clock, health, 60, lag=7)
    assert health.liveness_failure() is None
    pass_time(clock, health, 5, lag=7)
    assert health.liveness_failure()


def test_a_client_that_a_living_broker_does_not_answer_is_stuck(clock: Clock, health: WorkerHealth):
    health.assigned(ready=True)
    pass_time(clock, health, 30, lag=None)
    health.probed(reachable=True)
    pass_time(clock, health, 30, lag=None)
    health.probed(reachable=False)
    health.probed(reachable=True)
    pass_time(clock, health, 60, lag=None)
    assert health.liveness_failure() is None
    pass_time(clock, health, 1, lag=None)
    assert health.liveness_failure() == (
        "the broker answers others, but has been silent to this worker for 61 s"
    )
    health.answered(0)
    assert health.liveness_failure() is None


def test_ready_while_assigned_and_alive(clock: Clock, health: WorkerHealth):
    assert health.readiness_failure() == "no partitions are assigned yet"
    health.assigned(ready=True)
    assert health.readiness_failure() is None
    health.assigned(ready=False)
    assert health.readiness_failure()
    health.assigned(ready=True)
    clock.now = 100
    assert health.readiness_failure() == "the event loop has not moved for 100 s"


@pytest.mark.parametrize(("stored", "at"), [(5, 5), (9, 9), (12, 12)])
def test_goes_on_at_the_stored_offset(stored: int, at: int):
    assert LogRange("t", 0, 5, 12).resumed_at(stored) == at


@pytest.mark.parametrize(("stored", "words"), [(4, "retention"), (13, "another log")])
def test_a_log_without_what_comes_next_fails_loudly(stored: int, words: str):
    with pytest.raises(LogError, match=words) as caught:
        LogRange("t", 0, 5, 12).resumed_at(stored)
    assert f"offset {stored} of partition 0 of topic 't'" in str(caught.value)
