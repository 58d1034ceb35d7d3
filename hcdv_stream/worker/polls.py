"""The way of one poll: by partition through engine, dead letters and store, then acknowledged."""

import asyncio
import itertools
import logging
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from hcdv_stream.logs import fields
from hcdv_stream.settings import Settings
from hcdv_stream.worker.dead_letters import DeadLetter, Record
from hcdv_stream.worker.health import Health
from hcdv_stream.worker.metrics import WorkerMetrics
from hcdv_stream.worker.ownership import Ownership
from hcdv_stream.worker.partition import Partition
from hcdv_stream.worker.timings import Timings

log = logging.getLogger(__name__)


class Polls:
    """Works polls off, one at a time; belongs to the app's event loop.

    ``app`` is the running Faust app, whose consumer and producer it uses.
    """

    def __init__(
        self,
        app: Any,
        settings: Settings,
        ownership: Ownership,
        metrics: WorkerMetrics,
        health: Health,
    ) -> None:
        self._app = app
        self._dead_letter_topic = settings.dead_letter_topic
        self._ownership = ownership
        self._metrics = metrics
        self._health = health
        self._timings = Timings(settings.timings)

    async def consume(self, stream: Any, events: Sequence[Any]) -> None:
        """Make a poll's effects durable, then acknowledge its events in order.

        Raises whatever goes wrong, with nothing acknowledged that is not stored: the worker must
        not go on then, its successor replays.
        """
        polled = time.perf_counter()
        async with self._ownership.busy:
            for tp, messages in _by_partition(events).items():
                await self._take(tp, messages, polled)
        with self._metrics.stage("ack", len(events)):
            for event in events:
                await stream.ack(event)
        self._health.batch_done()

    async def _take(self, tp: Any, messages: Sequence[Any], polled: float) -> None:
        partition = self._ownership.partitions.get(tp.partition)
        if partition is None:  # taken back since it was polled: the new owner's
            return
        generation = self._app.consumer_generation_id
        records = partition.fresh([_record(m) for m in messages if m.generation_id == generation])
        if not records:
            return
        await self._check_gaps(tp, partition, records)
        end = self._app.consumer.highwater(tp) or 0
        step = await asyncio.to_thread(partition.apply, records, end)
        await self._bury(step.rejected)
        await asyncio.to_thread(partition.write, step)
        seconds = time.perf_counter() - polled
        self._metrics.update_latency.observe(seconds)
        self._timings.record(tp.partition, len(records), seconds)
        partition.observe_lag(self._app.consumer.highwater(tp))

    async def _check_gaps(self, tp: Any, partition: Partition, records: Sequence[Record]) -> None:
        """Fail where retention removed records before they were read.

        Offsets may also be missing because of compaction, which is no loss.
        """
        offsets = [partition.expected - 1, *(record.offset for record in records)]
        missing = [a + 1 for a, b in itertools.pairwise(offsets) if b > a + 1]
        if missing:
            (await self._app.consumer.log_of(tp, missing[0])).resumed_at(missing[0])

    async def _bury(self, letters: Sequence[DeadLetter]) -> None:
        """Send dead letters and wait until the broker has them all."""
        if not letters:
            return
        sent = [
            await self._app.producer.send(
                self._dead_letter_topic, letter.key, letter.value, None, None, letter.headers
            )
            for letter in letters
        ]
        await asyncio.gather(*sent)
        reasons = Counter(letter.reason for letter in letters)
        log.warning("sessions rejected", extra=fields(count=len(letters), **reasons))


def _by_partition(events: Sequence[Any]) -> dict[Any, list[Any]]:
    """Group a poll's messages by partition, each in log order."""
    groups: dict[Any, list[Any]] = {}
    for event in events:
        groups.setdefault(event.message.tp, []).append(event.message)
    return groups


def _record(message: Any) -> Record:
    return Record(message.offset, message.key, message.value, message.timestamp)
