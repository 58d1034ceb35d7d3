"""Handles a poll: engine, dead letters and store for each partition in it, then acknowledges it."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from typing import Any

from hcdv_stream.worker.context import WorkerContext
from hcdv_stream.worker.kafka.log_range import LogRange
from hcdv_stream.worker.letters.dead_letter import Record
from hcdv_stream.worker.letters.sender import DeadLetterSender
from hcdv_stream.worker.metrics.timings import Timings
from hcdv_stream.worker.partition import Partition


class PollHandler:
    """Handles polls, one at a time; belongs to the app's event loop.

    ``app`` is the running Faust app, whose consumer it uses.
    """

    def __init__(self, app: Any, context: WorkerContext, letters: DeadLetterSender) -> None:
        self._app = app
        self._letters = letters
        self._ownership = context.ownership
        self._guard = context.guard
        self._metrics = context.metrics
        self._health = context.health
        self._timings = Timings(context.settings.timings)
        self._ended = False

    async def handle(self, stream: Any, events: Sequence[Any]) -> None:
        """Make a poll's effects durable, then acknowledge its events in order.

        Raises whatever goes wrong, with nothing acknowledged that is not stored: the worker must
        not go on then, its successor replays.
        """
        polled = time.perf_counter()
        async with self._ownership.busy:
            # The records are here, so whatever log they are of, the broker knows of it by now.
            same_log = asyncio.ensure_future(self._guard.confirm())
            try:
                for tp, messages in _by_partition(events).items():
                    await self._handle_partition(tp, messages, polled, same_log)
                # The engine must not continue from what was computed and not written.
                self._ended |= not await same_log
            finally:
                same_log.cancel()
        # Acknowledge also if nothing was written because the worker stops: otherwise it could not
        # end. It commits the stored offset.
        with self._metrics.stage("acknowledge", len(events)):
            for event in events:
                await stream.ack(event)
        self._health.batch_done()

    async def _handle_partition(
        self, tp: Any, messages: Sequence[Any], polled: float, same_log: asyncio.Future[bool]
    ) -> None:
        partition = self._ownership.partitions.get(tp.partition)
        if partition is None or self._ended:  # the new owner's, or the successor's
            return
        generation = self._app.consumer_generation_id
        records = partition.without_effect(
            [_record(m) for m in messages if m.generation_id == generation]
        )
        if not records:
            return
        gaps = asyncio.ensure_future(self._check_gaps(tp, partition, records, same_log))
        last = records[-1].offset + 1
        waiting = self._app.consumer.progress(tp, last).behind
        try:
            step = await asyncio.to_thread(partition.apply, records, last + waiting)
            await gaps
        finally:
            gaps.cancel()
        # If the worker stops, nothing is written any more.
        if not await same_log or not await self._letters.send(step.rejected):
            self._ended = True
            return
        await asyncio.to_thread(partition.write, step)
        seconds = time.perf_counter() - polled
        self._metrics.update_latency.observe(seconds)
        self._timings.record(tp.partition, len(records), seconds)
        partition.observe(self._app.consumer.progress(tp, partition.expected))

    async def _check_gaps(
        self,
        tp: Any,
        partition: Partition,
        records: Sequence[Record],
        same_log: asyncio.Future[bool],
    ) -> None:
        """Fail where retention removed records before they were read.

        Offsets may also be missing because of transactions and compaction, which is no loss.
        """
        offsets = [partition.expected - 1, *(record.offset for record in records)]
        missing = [a + 1 for a, b in itertools.pairwise(offsets) if b > a + 1]
        if missing and await same_log:
            start = await self._app.consumer.ask_log_start(tp)
            LogRange(tp.topic, tp.partition, start, offsets[-1] + 1).resumed_at(missing[0])


def _by_partition(events: Sequence[Any]) -> dict[Any, list[Any]]:
    """Group a poll's messages by partition, each in log order."""
    groups: dict[Any, list[Any]] = {}
    for event in events:
        groups.setdefault(event.message.tp, []).append(event.message)
    return groups


def _record(message: Any) -> Record:
    return Record(
        message.offset, message.key, message.value, message.timestamp, message.headers or ()
    )
