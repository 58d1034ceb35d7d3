"""Whether the worker is alive and ready, from times that its parts report.

Liveness is about this process: restarting it does not bring a broker back that is gone. That is
what readiness is for.
"""

from collections.abc import Callable

SILENCE_SECONDS = 10.0
"""A broker that has not answered for so long is gone."""


class WorkerHealth:
    """What probes ask for; ``clock`` gives seconds that only ever grow.

    Plain attributes, so that a thread beside a stalled event loop can read them.
    """

    def __init__(self, stall_seconds: float, clock: Callable[[], float]) -> None:
        self._stall_seconds = stall_seconds
        self._clock = clock
        self._looped = self._read = self._answered = self._moved = self._last_batch = clock()
        self._lag = 0
        self._ready = False
        self._changed = clock()
        self._cut_off: float | None = None

    @property
    def since_last_batch(self) -> float:
        """Seconds since a batch last became durable, or since the start."""
        return self._clock() - self._last_batch

    @property
    def silence(self) -> float:
        """Seconds since the broker last answered, or since the start."""
        return self._clock() - self._answered

    def batch_done(self) -> None:
        """A batch is durable."""
        self._last_batch = self._moved = self._clock()

    def event_loop_ran(self) -> None:
        """The event loop moves."""
        self._looped = self._clock()

    def reader_ran(self) -> None:
        """The thread that reads the log moves."""
        self._read = self._clock()

    def answered(self, lag: int) -> None:
        """The broker said how many records wait over all partitions owned.

        After it was gone the counts of stalled time begin anew: nothing could be done meanwhile.
        """
        now = self._clock()
        if self.silence > SILENCE_SECONDS:
            self._moved = self._changed = now
        self._answered, self._cut_off = now, None
        self._lag = lag
        if not lag:
            self._moved = now

    def probed(self, reachable: bool) -> None:
        """Another connection was tried while the broker was silent: does the broker answer it?"""
        if not reachable:
            self._cut_off = None
        elif self._cut_off is None:
            self._cut_off = self._clock()

    def assigned(self, ready: bool) -> None:
        """Partitions were given out (the count of stalled time begins anew) or taken back."""
        self._ready = ready
        self._moved = self._changed = self._clock()

    def liveness_failure(self) -> str | None:
        """Say why the worker should be restarted, None where it is alive."""
        now = self._clock()
        waits = [
            (now - self._looped, "the event loop has not moved for {:.0f} s"),
            (now - self._read, "the thread that reads the log has not moved for {:.0f} s"),
        ]
        if self._cut_off is not None:
            others = "the broker answers others, but has been silent to this worker for {:.0f} s"
            waits.append((now - self._cut_off, others))
        elif self.silence <= SILENCE_SECONDS:
            if not self._ready:
                waits.append(
                    (now - self._changed, "the consumer group has given no place for {:.0f} s")
                )
            if self._lag:
                text = f"{self._lag} records wait and none was done for {{:.0f}} s"
                waits.append((now - self._moved, text))
        return next((text.format(s) for s, text in waits if s > self._stall_seconds), None)

    def readiness_failure(self) -> str | None:
        """Say why the worker is not ready, None where it is."""
        if liveness_failure := self.liveness_failure():
            return liveness_failure
        if self.silence > SILENCE_SECONDS:
            return f"the broker has not answered for {self.silence:.0f} s"
        return None if self._ready else "no partitions are assigned yet"
