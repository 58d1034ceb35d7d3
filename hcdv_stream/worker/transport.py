"""Faust's Kafka driver, made to start where the stored state ends.

Faust seeks to Kafka's committed offset after every rebalance, late enough to overwrite a seek made
in any of its public hooks. The stored offset is the truth here and the committed one advisory, so
``perform_seek`` is replaced, through ``Transport`` and ``App._new_transport``. These names are
private to faust-streaming; the worker's tests pin them.
"""

import logging
from collections.abc import Mapping
from typing import Any, ClassVar

from faust.transport.drivers import aiokafka as driver

from hcdv_stream.logs import fields
from hcdv_stream.worker.log_range import LogRange
from hcdv_stream.worker.membership import MemberThread
from hcdv_stream.worker.tail import fetched_end

log = logging.getLogger(__name__)


class StoredOffsetConsumer(driver.Consumer):
    """A consumer that goes on at the stored offsets; ``app.resume`` opens their states."""

    logger = logging.getLogger("faust.consumer")

    async def perform_seek(self) -> None:
        """Seek every assigned partition to its stored offset, opening its state on the way."""
        assigned = {tp.partition: tp for tp in self.assignment()}
        for number, partition in (await self.app.resume(assigned)).items():
            tp, stored = assigned[number], partition.next_offset
            offset = (await self.log_of(tp, stored or 0)).resumed_at(stored)
            partition.begin_at(offset)
            await self.app.letters.look(number, offset)
            await self.seek(tp, offset)
            self._committed_offset[tp] = offset
            log.info("partition owned", extra=fields(partition=number, offset=offset))

    async def log_of(self, tp: Any, reached: int) -> LogRange:
        """Ask the broker which offsets a partition's log holds; ``reached`` should be among them.

        A fetch is asked where the listed end seems to come too early.
        """
        starts, ends = await self.earliest_offsets(tp), await self.highwaters(tp)
        end = ends[tp]
        if end < reached:
            servers = driver.server_list(self.transport.url, self.transport.default_port)
            end = await fetched_end(servers, tp.topic, tp.partition, end)
        return LogRange(tp.topic, tp.partition, starts[tp], end)

    async def check_group(self) -> None:
        """Raise the error, if any, that the membership in the group hangs on.

        aiokafka stops in the middle of joining until its consumer is asked for records or errors,
        and Faust never asks it: without this, one refused join leaves the worker idle for ever.
        """
        await self._thread.call_thread(self._thread.check_membership)

    def _new_consumer_thread(self) -> MemberThread:
        return MemberThread(self, loop=self.loop, beacon=self.beacon)


class LetterProducer(driver.Producer):
    """A producer whose retries double nothing, where the broker can do that."""

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": True} if self.app.idempotent else {}


class StoredOffsetTransport(driver.Transport):
    """Makes consumers and producers of the kinds above."""

    Consumer: ClassVar[type[driver.Consumer]] = StoredOffsetConsumer
    Producer: ClassVar[type[driver.Producer]] = LetterProducer
