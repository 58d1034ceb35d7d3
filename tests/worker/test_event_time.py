"""Event times that producers make up, and append times too."""

import random

import pytest

from hcdv_stream.worker.event_time import event_times

NOW = 1_700_000_000.0
FUTURE = 4_070_908_800.0  # 2099
HOUR = 3600.0


def after(before: float, sessions: list[tuple[float, float]]) -> tuple[float, int]:
    """``sessions`` are pairs of event time and append time."""
    times = [time for time, _ in sessions]
    appended = [append_time for _, append_time in sessions]
    found = event_times(before, times, lambda: appended, min(appended, default=0.0))
    return (float(found.reached[-1]) if sessions else before), found.future


def test_the_newest_event_counts_in_any_order():
    assert after(0.0, [(NOW, NOW), (NOW - 50, NOW + 1)]) == (NOW, 0)
    assert after(NOW + 5, [(NOW, NOW)]) == (NOW + 5, 0)
    assert after(7.0, []) == (7.0, 0)


def test_an_event_after_its_record_moves_nothing():
    assert after(NOW, [(FUTURE, NOW + 1), (NOW + 2, NOW + 2)]) == (NOW + 2, 1)
    assert after(NOW, [(NOW + HOUR, NOW + 1)]) == (NOW + HOUR, 0)
    assert after(NOW, [(NOW + HOUR + 2, NOW + 1)]) == (NOW, 1)


def test_a_made_up_append_time_is_taken_back_by_the_next_record():
    assert after(NOW, [(FUTURE, FUTURE)]) == (FUTURE, 0)
    assert after(FUTURE, [(NOW + 3, NOW + 3)]) == (NOW + 3, 0)
    assert after(FUTURE, [(FUTURE, NOW + 3)]) == (NOW + 3 + HOUR, 1)


@pytest.mark.parametrize("seed", range(20))
def test_the_cuts_between_polls_do_not_matter(seed: int):
    chance = random.Random(seed)

    def some_time(number: int) -> float:
        return NOW + number + chance.choice([0.0, 0.0, -HOUR / 2, HOUR, 2 * HOUR, FUTURE])

    log = [(some_time(number), some_time(number)) for number in range(200)]
    whole = after(0.0, log)
    reached, future, at = 0.0, 0, 0
    while at < len(log):
        end = at + chance.randrange(1, 20)
        reached, more = after(reached, log[at:end])
        future, at = future + more, end
    assert (reached, future) == whole


@pytest.mark.parametrize("seed", range(20))
def test_every_session_has_the_event_time_that_a_cut_behind_it_would_give(seed: int):
    chance = random.Random(1000 + seed)
    sessions = [
        (NOW + chance.choice([-9.0, 5.0, 2 * HOUR, FUTURE - NOW]) + number, NOW + number)
        for number in range(12)
    ]
    if seed % 2:
        sessions = [(min(time, NOW + 8), appended) for time, appended in sessions]
    times, appended = [one for one, _ in sessions], [one for _, one in sessions]
    reached = event_times(NOW - 20, times, lambda: appended, min(appended)).reached
    for stop in range(1, len(sessions) + 1):
        assert reached[stop - 1] == after(NOW - 20, sessions[:stop])[0]


def counted(before: float, sessions: list[tuple[float, float]]) -> list[float]:
    times = [time for time, _ in sessions]
    appended = [append_time for _, append_time in sessions]
    found: list[float] = event_times(
        before, times, lambda: appended, min(appended)
    ).counted.tolist()
    return found


def test_a_session_of_the_future_counts_as_of_the_stream_s_event_time():
    log = [(NOW - 90, NOW), (FUTURE, NOW + 1), (NOW + HOUR, NOW + 2), (FUTURE, NOW + 3)]
    assert counted(0.0, log) == [NOW - 90, NOW - 90, NOW + HOUR, NOW + HOUR]
    assert counted(FUTURE, [(FUTURE, NOW)]) == [NOW + HOUR]
    assert counted(0.0, [(FUTURE, NOW), (NOW - 7, NOW + 1)]) == [NOW, NOW - 7]
    assert counted(0.0, log[:1]) == [NOW - 90]
