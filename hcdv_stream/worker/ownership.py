"""Which partitions this worker owns: opened when the group gives them, closed when it takes them.

A partition's lock may still be held for a moment by the owner that is just going; it is waited for,
not longer. Opening is never interrupted half-way, whatever becomes of who asked for it.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping

from hcdv_stream.state.errors import StateError, StateLocked
from hcdv_stream.worker.partition import Partition

_LOCK_PAUSE_SECONDS = 0.1


class Ownership:
    """The open partitions of a worker by number. Belongs to one event loop."""

    def __init__(
        self,
        open_partition: Callable[[int], Partition],
        lock_seconds: float,
        stored: Mapping[int, int] | None = None,
    ) -> None:
        """Own nothing yet; ``stored`` are the next offsets of the states that are there."""
        self._open_partition = open_partition
        self._lock_seconds = lock_seconds
        self._stored = dict(stored or {})
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

    def offsets(self) -> Mapping[int, int]:
        """Return the next offset of every state that is known here; callable from any thread."""
        owned = {n: partition.next_offset or 0 for n, partition in list(self._partitions.items())}
        return self._stored | owned

    def assign(self) -> None:
        """Allow partitions to be opened: the group has just given them out."""
        self._assigned = True

    async def resume(self, numbers: Iterable[int]) -> Mapping[int, Partition]:
        """Open these partitions where they are not open yet, and return them by number.

        Returns nothing when the group has taken the partitions back meanwhile. Raises StateError
        where a state cannot be opened, StateLocked where that is so for too long.
        """
        # A rebalance cancels who waits here; the thread that opens a store would go on alone.
        return await asyncio.shield(asyncio.ensure_future(self._resume(sorted(numbers))))

    async def release(self) -> None:
        """Close every partition, after the poll in hand: the group has taken them back.

        Raises StateError where one could not be closed well.
        """
        self._assigned = False
        async with self.busy:
            self._stored = dict(self.offsets())
            failures = []
            for number in list(self._partitions):
                try:
                    await asyncio.to_thread(self._partitions.pop(number).close)
                except StateError as error:  # the others are closed all the same
                    failures.append(error)
        if failures:
            raise failures[0]

    async def _resume(self, numbers: Iterable[int]) -> Mapping[int, Partition]:
        async with self.busy:
            for number in numbers:
                if not self._assigned:
                    return {}
                if number not in self._partitions:
                    self._partitions[number] = await asyncio.to_thread(self._opened, number)
            return {number: self._partitions[number] for number in numbers}

    def _opened(self, number: int) -> Partition:
        deadline = time.monotonic() + self._lock_seconds
        while True:
            try:
                return self._open_partition(number)
            except StateLocked:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_LOCK_PAUSE_SECONDS)
