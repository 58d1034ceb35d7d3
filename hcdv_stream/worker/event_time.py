"""How far the stream has come in event time, whatever times producers make up.

An event cannot lie after the record that tells of it. A session whose event time is later than its
append time, by more than clocks differ, does not move the stream's event time; an event time that
later records show to be made up, because the append time was made up too, is taken back. Both go
by the log alone, record by record, so that the result depends on no clock and no poll.
"""

from collections.abc import Callable, Sequence

TOLERANCE_SECONDS = 3600.0
"""How far clocks of producers and brokers may differ; Kafka's own limit for append times."""


def advance(
    before: float, times: Sequence[float], appended: Callable[[], Sequence[float]], earliest: float
) -> tuple[float, int]:
    """Return the event time after sessions with these ``times``, and how many lie in the future.

    ``appended`` gives their append times, asked for only where ``earliest``, which none of them is
    before, does not decide.
    """
    if not times:
        return before, 0
    newest = max(before, *times)
    if newest <= earliest + TOLERANCE_SECONDS:
        return newest, 0
    reached, future = before, 0
    for time, append_time in zip(times, appended(), strict=True):
        latest = append_time + TOLERANCE_SECONDS
        if time > latest:
            future += 1
        if reached > latest:
            reached = min(time, latest)
        elif time <= latest:
            reached = max(reached, time)
    return reached, future
