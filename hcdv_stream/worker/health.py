"""Whether the worker is alive and ready, from times that its parts report."""

from collections.abc import Callable


class Health:
    """What probes ask for; ``clock`` gives seconds that only ever grow.

    Plain attributes, so that a thread beside a stalled event loop can read them.
    """

    def __init__(self, stall_seconds: float, clock: Callable[[], float]) -> None:
        self._stall_seconds = stall_seconds
        self._clock = clock
        self._watched = self._moved = self._last_batch = clock()
        self._lag = 0
        self._ready = False
        self._changed = clock()

    @property
    def since_last_batch(self) -> float:
        """Seconds since a batch last became durable, or since the start."""
        return self._clock() - self._last_batch

    def batch_done(self) -> None:
        """A batch is durable."""
        self._last_batch = self._moved = self._clock()

    def watched(self, lag: int) -> None:
        """The event loop looked at the lag, in records over all partitions owned."""
        self._watched = self._clock()
        self._lag = lag
        if not lag:
            self._moved = self._watched

    def assigned(self, ready: bool) -> None:
        """Partitions were given out (the count of stalled time begins anew) or taken back."""
        self._ready = ready
        self._moved = self._changed = self._clock()

    def ailment(self) -> str | None:
        """Say why the worker should be restarted, None where it is alive."""
        now = self._clock()
        if now - self._watched > self._stall_seconds:
            return f"the event loop has not moved for {now - self._watched:.0f} s"
        if not self._ready and now - self._changed > self._stall_seconds:
            return f"the consumer group has given no place for {now - self._changed:.0f} s"
        if self._lag and now - self._moved > self._stall_seconds:
            return f"{self._lag} records wait and none was done for {now - self._moved:.0f} s"
        return None

    def unreadiness(self) -> str | None:
        """Say why the worker is not ready, None where it is."""
        return self.ailment() or (None if self._ready else "no partitions are assigned yet")
