"""How far the stream has come in event time, whatever times producers make up.

An event cannot lie after the record that tells of it. A session whose event time is later than its
append time, by more than clocks differ, does not move the stream's event time; an event time that
later records show to be made up, because the append time was made up too, is taken back. Both go
by the log alone, record by record, so that the result depends on no clock and no poll. A session
whose own time cannot be true counts as of the stream's event time, or as of its append time while
the stream has none.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

TOLERANCE_SECONDS = 3600.0
"""How far clocks of producers and brokers may differ; Kafka's own limit for append times."""


class EventTimes(NamedTuple):
    """Event times of n sessions.

    ``reached`` (n,) is the stream's after each of them, ``counted`` (n,) what each one's own counts
    as. ``future`` is how many were later than their append time allows.
    """

    reached: npt.NDArray[np.float64]
    counted: npt.NDArray[np.float64]
    future: int


def event_times(
    before: float, times: Sequence[float], appended: Callable[[], Sequence[float]], earliest: float
) -> EventTimes:
    """Return the event times of sessions with these ``times``; ``before`` is the stream's.

    ``appended`` gives their append times, asked for only where ``earliest``, which none of them is
    before, does not decide.
    """
    named = np.array(times, np.float64)
    if not times or max(before, *times) <= earliest + TOLERANCE_SECONDS:
        return EventTimes(np.maximum.accumulate(np.maximum(named, before)), named, 0)
    after: list[float] = []
    counted: list[float] = []
    reached, future = before, 0
    for time, append_time in zip(times, appended(), strict=True):
        latest = append_time + TOLERANCE_SECONDS
        is_future = time > latest
        future += is_future
        if reached > latest:
            reached = min(time, latest)
        elif not is_future:
            reached = max(reached, time)
        after.append(reached)
        counted.append((reached if reached > 0.0 else append_time) if is_future else time)
    return EventTimes(np.array(after), np.array(counted), future)
