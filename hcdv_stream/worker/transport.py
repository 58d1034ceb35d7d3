"""Faust's Kafka driver, made to start where the stored state ends.

Faust seeks to Kafka's committed offset after every rebalance, late enough to overwrite a seek made
in any of its public hooks. The stored offset is the truth here and the committed one advisory, so
``perform_seek`` is replaced, through ``Transport`` and ``App._new_transport``. These names are
private to faust-streaming; the worker's tests pin them.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from faust.transport.drivers import aiokafka as driver

from hcdv_stream.worker.ownership import LogRange

Resume = Callable[[Mapping[int, LogRange]], Awaitable[Mapping[int, int]]]
"""Told the log of each partition, says at which offset to go on in those that are owned."""


class StoredOffsetConsumer(driver.Consumer):
    """A consumer that goes on at the stored offsets; ``app.resume`` knows them."""

    async def perform_seek(self) -> None:
        """Seek every assigned partition to its stored offset, opening its state on the way."""
        assigned = {tp.partition: tp for tp in self.assignment()}
        if not assigned:
            return
        starts = await self.earliest_offsets(*assigned.values())
        ends = await self.highwaters(*assigned.values())
        logs = {number: LogRange(starts[tp], ends[tp]) for number, tp in assigned.items()}
        for number, offset in (await self.app.resume(logs)).items():
            await self.seek(assigned[number], offset)
            self._committed_offset[assigned[number]] = offset

    async def log_of(self, tp: Any) -> LogRange:
        """Ask the broker which offsets a partition's log holds now."""
        starts, ends = await self.earliest_offsets(tp), await self.highwaters(tp)
        return LogRange(starts[tp], ends[tp])


class StoredOffsetTransport(driver.Transport):
    """Makes consumers of the kind above."""

    Consumer: ClassVar[type[driver.Consumer]] = StoredOffsetConsumer
