"""Which partitions this worker owns: opened when the group gives them, closed when it takes them.

A partition's lock may still be held for a moment by the owner that is just going; it is waited for,
not longer. Opening is never interrupted half-way, whatever becomes of who asked for it.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hcdv_stream.errors import HcdvError
from hcdv_stream.logs import fields
from hcdv_stream.state.errors import StateLocked
from hcdv_stream.worker.partition import Partition

log = logging.getLogger(__name__)

_LOCK_PAUSE_SECONDS = 0.1


class LogError(HcdvError):
    """A log in Kafka that does not go with the stored state."""


@dataclass(frozen=True, slots=True)
class LogRange:
    """The offsets a partition's log holds: ``start`` up to, not including, ``end``."""

    start: int
    end: int


class Ownership:
    """The open partitions of a worker by number. Belongs to one event loop."""

    def __init__(
        self, topic: str, open_partition: Callable[[int], Partition], lock_seconds: float
    ) -> None:
        self._topic = topic
        self._open_partition = open_partition
        self._lock_seconds = lock_seconds
        self._partitions: dict[int, Partition] = {}
        self._assigned = False
        self.busy = asyncio.Lock()
        """Held while a poll is worked on and while partitions are opened or closed."""

    @property
    def assigned(self) -> bool:
        """Whether the group has given out partitions and not taken them back since."""
        return self._assigned

    @property
    def partitions(self) -> Mapping[int, Partition]:
        """The open partitions."""
        return self._partitions

    def assign(self) -> None:
        """Allow partitions to be opened: the group has just given them out."""
        self._assigned = True

    async def resume(self, logs: Mapping[int, LogRange]) -> dict[int, int]:
        """Open the partitions that are not yet; return the offset where each is to go on.

        Returns nothing when the group has taken the partitions back meanwhile. Raises LogError
        where a log does not reach back, or not forward, to the stored offset; StateError where a
        state cannot be opened, StateLocked where that is so for too long.
        """
        # A rebalance cancels who waits here; the thread that opens a store would go on alone.
        return await asyncio.shield(asyncio.ensure_future(self._resume(logs)))

    async def release(self) -> None:
        """Close every partition, after the poll in hand: the group has taken them back."""
        self._assigned = False
        async with self.busy:
            for number in list(self._partitions):
                await asyncio.to_thread(self._partitions.pop(number).close)

    async def _resume(self, logs: Mapping[int, LogRange]) -> dict[int, int]:
        async with self.busy:
            offsets = {}
            for number, known in sorted(logs.items()):
                if not self._assigned:
                    return {}
                if number not in self._partitions:
                    self._partitions[number] = await asyncio.to_thread(self._opened, number)
                stored = self._partitions[number].next_offset
                self.check(number, stored, known)
                self._partitions[number].begin_at(known.start)
                offsets[number] = self._partitions[number].expected
                log.info(
                    "partition owned",
                    extra=fields(partition=number, offset=offsets[number], end=known.end),
                )
            return offsets

    def _opened(self, number: int) -> Partition:
        deadline = time.monotonic() + self._lock_seconds
        while True:
            try:
                return self._open_partition(number)
            except StateLocked:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_LOCK_PAUSE_SECONDS)

    def check(self, number: int, stored: int | None, known: LogRange) -> None:
        """Raise LogError where the log does not hold what comes after the stored offset."""
        name = f"partition {number} of topic {self._topic!r}"
        if stored is None:
            if known.start > 0:
                log.warning(
                    "no state and the log's beginning is gone",
                    extra=fields(partition=number, start=known.start),
                )
            return
        if stored < known.start:
            raise LogError(
                f"the state goes on at offset {stored} of {name}, but the log now starts at "
                f"{known.start}: the records between are lost; give the topic a longer retention "
                f"and move the state directory of this partition away to start from {known.start}"
            )
        if stored > known.end:
            raise LogError(
                f"the state goes on at offset {stored} of {name}, but the log ends at {known.end}: "
                "it is another log than the state was computed from; name the right broker and "
                "topic, or another HCDV_STATE_DIR"
            )
