"""How current an answer is: what of the log it lacks, since when, and whether anybody knows.

What is known comes from heartbeats (``state/heartbeat``) and is a list of facts about the log: "at
12:00:07 it ended at offset 4711". A state that has reached 4711 held everything that was committed
at 12:00:07. So its **age** is the time since the latest moment of which that is known, and its
**lag** is the distance to the newest end. Neither rests on what producers say that the time is. The
facts are compared with the state that an answer was made from, newest or not, so that a state that
cannot be read any more, or is asked for by name, ages too.

Lag is null unless the broker answered within the last third of ``stale_seconds``: what waited
then is no answer to what waits now. A partition is **stale** after ``stale_seconds`` without an
answer of the broker to its owner, and at once when another worker got it.
"""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Lock

from hcdv_stream.state.heartbeat import Heartbeat, LogEnd, in_future

_LIVE_PART = 1 / 3
"""A lag is told for this part of ``stale_seconds`` after the broker's answer."""
_MOST_ENDS, _ROOM = 4096, 4352
"""Facts that are kept, and how many there may be before the oldest are dropped at once."""


class LogEnds:
    """Where a partition's log ended at which times, as far as that was learned.

    One thread learns, others may ask. An hour of facts is kept, a fact a second, so they are
    numbers in arrays: 16 bytes each, an eighth of what objects would take. The arrays have their
    full size from the first fact on, so that memory does not grow for an hour.
    """

    def __init__(self) -> None:
        # Both ascend up to ``_count``.
        self._times = array("d")
        self._offsets = array("q")
        self._count = 0
        self._lock = Lock()

    @property
    def newest(self) -> LogEnd | None:
        """The newest fact."""
        with self._lock:
            return self._newest()

    def learn(self, *facts: LogEnd | None, now: float) -> None:
        """Take facts in, older ones first; what is not newer than the newest adds nothing.

        If the newest lies in the future, the clock was set back: nothing of before counts.
        """
        with self._lock:
            newest = self._newest()
            if newest and in_future(newest.at, now):
                self._count = 0
            for fact in facts:
                newest = self._newest()
                if fact is None or (newest and fact.at <= newest.at):
                    continue
                if newest and fact.offset < newest.offset:
                    self._count = 0  # another log, or one that has lost records
                elif newest and fact.offset == newest.offset:
                    self._count -= 1
                self._append(fact)

    def held_at(self, position: int) -> float | None:
        """Return the latest time known at which all below ``position`` was all there was."""
        with self._lock:
            place = bisect_right(self._offsets, position, 0, self._count)
            return self._times[place - 1] if place else None

    def _newest(self) -> LogEnd | None:
        last = self._count - 1
        return LogEnd(self._times[last], self._offsets[last]) if self._count else None

    def _append(self, fact: LogEnd) -> None:
        if not self._times:
            self._times, self._offsets = array("d", bytes(8 * _ROOM)), array("q", bytes(8 * _ROOM))
        if self._count == _ROOM:
            self._times[:_MOST_ENDS] = self._times[-_MOST_ENDS:]
            self._offsets[:_MOST_ENDS] = self._offsets[-_MOST_ENDS:]
            self._count = _MOST_ENDS
        self._times[self._count], self._offsets[self._count] = fact.at, fact.offset
        self._count += 1


@dataclass(frozen=True, slots=True)
class Freshness:
    """How current one partition of an answer is; None stands for what is not known.

    ``since`` is when the owner was last known to be up to date with the broker, where it is stale;
    ``reason`` says why it is, or why the lag is not known.
    """

    partition: int
    lag: int | None
    age: float | None
    checked_at: float | None
    stale: bool | None
    moved: bool
    since: float | None
    reason: str | None

    @property
    def uncertainty(self) -> str | None:
        """Why nobody can say how current it is, or None.

        A state that is not known to have held everything at any time is still being built.
        """
        if self.stale or self.lag is None:
            return self.reason or "its lag is not known"
        if self.age is None:
            return f"it has not caught up with its log yet: {self.lag:,} records wait"
        return None


@dataclass(frozen=True, slots=True)
class LogKnowledge:
    """What is known of a state's owner, and of the log behind it."""

    heartbeat: Heartbeat | None
    ends: LogEnds

    def freshness(
        self, partition: int, next_offset: int, now: float, stale_seconds: float
    ) -> Freshness:
        """Return how current a state is that has come to ``next_offset``."""
        heartbeat, ends = self.heartbeat, self.ends
        if heartbeat is None:
            reason = "no worker has written a heartbeat beside its state"
            return Freshness(partition, None, None, None, None, False, None, reason)
        newest = ends.newest
        if in_future(max(heartbeat.beat_at, newest.at if newest else 0.0), now):
            reason = "its heartbeat is of the future: the clock was set back"
            moved = heartbeat.moved
            return Freshness(partition, None, None, None, moved or None, moved, None, reason)
        # The offsets behind it may hold no records: then it is further than it says.
        reached = next_offset >= heartbeat.next_offset
        position = max(next_offset, heartbeat.position) if reached else next_offset
        held_at = ends.held_at(position)
        lag = None
        live_seconds = _LIVE_PART * stale_seconds
        if newest and now - newest.at <= live_seconds:
            lag = max(newest.offset - position, 0)
        since, reason = _quiet(heartbeat, now, live_seconds)
        stale = heartbeat.moved or now - since > stale_seconds
        return Freshness(
            partition=partition,
            lag=lag,
            age=None if held_at is None else max(now - held_at, 0.0),
            checked_at=newest.at if newest else None,
            stale=stale,
            moved=heartbeat.moved,
            since=since if stale else None,
            reason=reason if stale or lag is None else None,
        )


def _quiet(heartbeat: Heartbeat, now: float, live_seconds: float) -> tuple[float, str]:
    """Return since when its owner knows nothing of the log, and why that may be."""
    who = f"its worker (process {heartbeat.process})"
    checked, released_at = heartbeat.checked, heartbeat.released_at
    if heartbeat.moved and released_at is not None:
        return (
            released_at,
            f"another worker has had it for {_ago(released_at, now).removesuffix(' ago')}",
        )
    since = checked.at if checked else heartbeat.owned_since
    if released_at is not None:
        return since, f"{who} let it go {_ago(released_at, now)} and nobody has taken it since"
    if now - heartbeat.beat_at > live_seconds:
        return since, f"{who} wrote its last heartbeat {_ago(heartbeat.beat_at, now)}"
    return since, f"the broker last answered {who} {_ago(since, now)}"


def _ago(moment: float, now: float) -> str:
    return f"{max(now - moment, 0.0):.0f} s ago"


def _worst(worse: Callable[[list[float]], float], each: Iterable[float | None]) -> float | None:
    found = list(each)
    known = [one for one in found if one is not None]
    return worse(known) if known and len(known) == len(found) else None


@dataclass(frozen=True, slots=True)
class Currency:
    """How current an answer is as a whole: the worst of its partitions."""

    partitions: tuple[Freshness, ...]

    @property
    def lag(self) -> int | None:
        """Records that wait behind it, None where that is not known of every partition."""
        lags = [part.lag for part in self.partitions if part.lag is not None]
        return sum(lags) if len(lags) == len(self.partitions) else None

    @property
    def age(self) -> float | None:
        """Seconds since it was last known to hold all that was committed, in every partition."""
        return _worst(max, (part.age for part in self.partitions))

    @property
    def checked_at(self) -> float | None:
        """When the broker last answered where the log of every partition ends."""
        return _worst(min, (part.checked_at for part in self.partitions))

    @property
    def stale(self) -> list[int]:
        """Its partitions that are stale."""
        return [part.partition for part in self.partitions if part.stale]

    @property
    def unsure(self) -> Freshness | None:
        """The first partition of which nobody can say how current it is."""
        return next((part for part in self.partitions if part.uncertainty), None)
