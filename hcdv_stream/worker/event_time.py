"""How far the stream has come in event time, whatever times producers make up.

An event cannot lie after the record that tells of it. A session whose event time is later than its
append time, by more than clocks differ, does not move the stream's event time; an event time that
later records show to be made up, because the append time was made up too, is taken back. Both go
by the log alone, record by record, so that the result depends on no clock and no poll.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

TOLERANCE_SECONDS = 3600.0
"""How far clocks of producers and brokers may differ; Kafka's own limit for append times."""


def advance(
    before: float, times: Sequence[float], appended: Callable[[], Sequence[float]], earliest: float
) -> tuple[float, int]:
    """Return the event time after sessions with these ``times``, and how many lie in the future.

    ``appended`` gives their append times, asked for only where ``earliest``, which none of them is
    before, does not decide.
    """
    reached, future = event_times(before, times, appended, earliest)
    return (float(reached[-1]) if len(reached) else before), future


def event_times(
    before: float, times: Sequence[float], appended: Callable[[], Sequence[float]], earliest: float
) -> tuple[npt.NDArray[np.float64], int]:
    """Return the event time after each session, (n,), and how many lie in the future."""
    if not times or max(before, *times) <= earliest + TOLERANCE_SECONDS:
        return np.maximum.accumulate(np.maximum(np.array(times, np.float64), before)), 0
    after: list[float] = []
    reached, future = before, 0
    for time, append_time in zip(times, appended(), strict=True):
        latest = append_time + TOLERANCE_SECONDS
        if time > latest:
            future += 1
        if reached > latest:
            reached = min(time, latest)
        elif time <= latest:
            reached = max(reached, time)
        after.append(reached)
    return np.array(after), future
