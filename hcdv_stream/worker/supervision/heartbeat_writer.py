"""Writes the heartbeat of a partition, from which readers know how current its state is.

A heartbeat that cannot be written stops nothing: readers then know that they do not know.
"""

import logging
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from prometheus_client import Counter

from hcdv_stream.runtime.logs import fields
from hcdv_stream.state.heartbeat import Heartbeat, LogEnd, read_heartbeat, write_heartbeat

log = logging.getLogger(__name__)

STARTED_AT = time.time()
_MOST_WAITING = 4096


class HeartbeatWriter:
    """The heartbeat of one partition, from its opening to its release; thread-safe."""

    def __init__(
        self, directory: Path, failures: Counter, clock: Callable[[], float] = time.time
    ) -> None:
        """``failures`` counts heartbeats that could not be written; ``clock`` gives epoch seconds.

        What the previous owner knew of the log's end stays known.
        """
        self._directory = directory
        self._failures = failures
        self._clock = clock
        self._owned_since = clock()
        before = read_heartbeat(directory, self._owned_since)
        self._checked = before.checked if before else None
        self._held = before.held if before else None
        self._waiting: deque[LogEnd] = deque()
        self._released = False
        self._failed = False
        self._lock = threading.Lock()

    def record_log_end(self, end: LogEnd) -> None:
        """Record what the broker answered."""
        with self._lock:
            waiting = self._waiting
            if waiting and end.offset <= waiting[-1].offset:
                waiting.pop()  # the same end at a later time says more
            if len(waiting) == _MOST_WAITING:  # thin out: the log has been ahead for an hour
                self._waiting = waiting = deque(list(waiting)[::2])
            waiting.append(end)
            self._checked = end

    def write(self, next_offset: int, position: int) -> None:
        """Write what is known now; nothing after the release."""
        with self._lock:
            if not self._released:
                self._write(next_offset, position, None)

    def release(self, next_offset: int, position: int) -> None:
        """Write, for the last time, that the partition has no owner here any more."""
        with self._lock:
            if not self._released:
                self._released = True
                self._write(next_offset, position, self._clock())

    def _write(self, next_offset: int, position: int, released_at: float | None) -> None:
        while self._waiting and self._waiting[0].offset <= position:
            self._held = self._waiting.popleft()
        heartbeat = Heartbeat(
            process=os.getpid(),
            host=socket.gethostname(),
            started_at=STARTED_AT,
            owned_since=self._owned_since,
            beat_at=self._clock(),
            next_offset=next_offset,
            position=position,
            checked=self._checked,
            held=self._held,
            released_at=released_at,
        )
        try:
            write_heartbeat(self._directory, heartbeat)
        except OSError as error:
            self._failures.inc()
            if not self._failed:
                log.warning(
                    "heartbeat not written",
                    extra=fields(
                        directory=self._directory,
                        reason=os.strerror(error.errno or 0),
                        meaning="readers cannot know how current the state is",
                    ),
                )
            self._failed = True
        else:
            self._failed = False
