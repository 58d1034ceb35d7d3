"""Faust's Kafka driver, made to start where the stored state ends.

Faust seeks to Kafka's committed offset after every rebalance, late enough to overwrite a seek made
in any of its public hooks. The stored offset is the truth here and the committed one advisory, so
``perform_seek`` is replaced, through ``Transport`` and ``App._new_transport``. These names are
private to faust-streaming; the worker's tests pin them.
"""

import logging
from typing import Any, ClassVar

import aiokafka
from faust.transport.drivers import aiokafka as driver

from hcdv_stream.logs import fields
from hcdv_stream.worker.log_range import LogRange

log = logging.getLogger(__name__)

_PROBE_MILLISECONDS = 2000


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
            await self.seek(tp, offset)
            self._committed_offset[tp] = offset
            log.info("partition owned", extra=fields(partition=number, offset=offset))

    async def log_of(self, tp: Any, reached: int) -> LogRange:
        """Ask the broker which offsets a partition's log holds; ``reached`` should be among them.

        Tansu lists the beginning of the last batch as the end of the log; a fetch knows better and
        is asked where it matters.
        """
        starts, ends = await self.earliest_offsets(tp), await self.highwaters(tp)
        end = ends[tp] if ends[tp] >= reached else await self._fetched_end(tp, ends[tp])
        return LogRange(tp.topic, tp.partition, starts[tp], end)

    async def _fetched_end(self, tp: Any, listed: int) -> int:
        where = aiokafka.TopicPartition(tp.topic, tp.partition)
        servers = driver.server_list(self.transport.url, self.transport.default_port)
        async with aiokafka.AIOKafkaConsumer(bootstrap_servers=servers) as probe:
            probe.assign([where])
            probe.seek(where, listed)
            await probe.getmany(where, timeout_ms=_PROBE_MILLISECONDS)
            return max(listed, probe.highwater(where) or 0)


class StoredOffsetTransport(driver.Transport):
    """Makes consumers of the kind above."""

    Consumer: ClassVar[type[driver.Consumer]] = StoredOffsetConsumer
