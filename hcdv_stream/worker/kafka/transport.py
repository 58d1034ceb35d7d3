"""Faust's Kafka driver, made to start where the stored state ends and to read committed records.

Faust seeks to Kafka's committed offset after every rebalance, late enough to overwrite a seek made
in any of its public hooks. The stored offset is the truth here and the committed one advisory, so
``perform_seek`` is replaced, through ``Transport`` and ``App._new_transport``. These names are
private to faust-streaming; the worker's tests pin them.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any, ClassVar, NoReturn
from weakref import WeakValueDictionary

from faust.transport.drivers import aiokafka as driver

from hcdv_stream.runtime.logs import fields
from hcdv_stream.worker.kafka.consumer_thread import RETRY_MILLISECONDS, ConsumerThread
from hcdv_stream.worker.kafka.log_end import fetched_end, listed_range
from hcdv_stream.worker.kafka.log_range import LogRange
from hcdv_stream.worker.kafka.outage import until_answered
from hcdv_stream.worker.kafka.progress import LogProgress
from hcdv_stream.worker.kafka.silent_connections import SILENT_SECONDS, SilentConnections
from hcdv_stream.worker.partition import Partition

log = logging.getLogger(__name__)

_ANSWER_SECONDS = 5.0
_ABANDON_SECONDS = 2.0


class StoredOffsetConsumer(driver.Consumer):
    """A consumer that goes on at the stored offsets; ``app.resume`` opens their states."""

    logger = logging.getLogger("faust.consumer")
    _thread: ConsumerThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._logged: WeakValueDictionary[int, Partition] = WeakValueDictionary()
        """The partitions that were logged as owned, as long as they are open."""

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def perform_seek(self) -> None:
        """Seek every assigned partition to its stored offset, opening its state on the way."""
        assigned = {tp.partition: tp for tp in self.assignment()}
        for number, partition in (await self.app.resume(assigned)).items():
            tp, expected = assigned[number], partition.expected
            offset = (await self.log_of(tp, expected)).resumed_at(expected)
            await self.app.letters.read_sent(number, offset)
            if tp not in self.assignment():  # taken back meanwhile
                continue
            await self.seek(tp, offset)
            self._committed_offset[tp] = offset
            if self._logged.get(number) is not partition:  # Faust seeks twice when it starts
                self._logged[number] = partition
                log.info("partition owned", extra=fields(partition=number, offset=offset))

    async def log_of(self, tp: Any, reached: int) -> LogRange:
        """Ask the broker which offsets a partition's log holds; ``reached`` should be among them.

        A fetch is asked where the listed end seems to come too early.
        """
        servers = driver.server_list(self.transport.url, self.transport.default_port)
        start, end = await listed_range(servers, tp.topic, tp.partition)
        if end < reached:
            end = await until_answered(
                lambda: fetched_end(servers, tp.topic, tp.partition, end), f"topic {tp.topic!r}"
            )
        return LogRange(tp.topic, tp.partition, start, end)

    def progress(self, tp: Any, expected: int, log_end: int = 0) -> LogProgress:
        """Say how far ``tp`` has come; ``expected`` is the offset behind its last effect.

        The log's end is as of the last fetch, or ``log_end`` where that is further.
        """
        position = self._thread.read_position(tp).reached(expected)
        return LogProgress(position, max(log_end, self.highwater(tp) or 0, position))

    async def ask_log_ends(self, tps: Collection[Any], seconds: float) -> dict[Any, int]:
        """Ask the broker for the last stable offsets, at most for so long.

        Raises TimeoutError where it does not answer.
        """
        return await self._thread.ask_log_ends(tps, seconds)

    async def ask_log_start(self, tp: Any) -> int:
        """Ask the broker for a log's first offset, until it answers."""
        return await self._thread.ask_log_start(tp, _ANSWER_SECONDS)

    def ask_for_sign_of_life(self, given: Callable[[], None]) -> None:
        """Have ``given`` called by the thread that reads the log."""
        self._thread.thread_loop.call_soon_threadsafe(given)

    async def check_group(self) -> None:
        """Raise the error, if any, that the membership in the group hangs on.

        aiokafka stops in the middle of joining until its consumer is asked for records or errors,
        and Faust never asks it: without this, one refused join leaves the worker idle for ever.
        """
        await self._thread.check_coordinator()

    async def wait_empty(self) -> None:
        """Wait for the poll in hand, and commit how far it came.

        Faust waits until every message was acknowledged: for ever where the agent has crashed, or
        where the worker stops before a poll is stored.
        """
        async with self.app.busy:
            pass
        with suppress(RuntimeError):  # the event loop of a thread that has crashed is closed
            await self.commit()

    async def _add_gap(self, tp: Any, offset_from: int, offset_to: int) -> None:
        """Keep no list of gaps: Faust's own would hold one number for every offset in them."""

    def _new_offset(self, tp: Any) -> int | None:
        """Return the offset to commit: that behind the last effect and whatever is empty there."""
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        partition = self.app.owned.get(tp.partition)
        if partition is None or partition.next_offset is None:
            return None
        return self._thread.read_position(tp).reached(partition.next_offset)

    def _should_commit(self, tp: Any, offset: int) -> bool:
        """Say whether that is news; Faust takes an offset for committed also where that failed."""
        return not self._thread.is_committed(tp, offset)

    def verify_event_path(self, now: float, tp: Any) -> None:
        """Leave stalls to ``watch``, which knows what is stored.

        Faust's own check counts from the start of the process also after a rebalance, and reports
        partitions as stuck that have just been given out, or that had nothing to do.
        """


class LetterProducer(driver.Producer):
    """A producer whose retries double nothing, where the broker can do that.

    Whoever sends a letter waits for it, so that nothing is ever flushed here: a flush would wait
    for a broker that is gone also where the worker is asked to stop, or has crashed.
    """

    logger = logging.getLogger("faust.producer")
    _silent: asyncio.Future[NoReturn] | None = None

    def _settings_extra(self) -> Mapping[str, Any]:
        extra: dict[str, Any] = {"retry_backoff_ms": RETRY_MILLISECONDS}
        return extra | ({"acks": "all", "enable_idempotence": True} if self.app.idempotent else {})

    async def on_start(self) -> None:
        """Connect, and watch the connections."""
        await super().on_start()
        self._watch()

    async def renew(self) -> None:
        """Go on with another client, whose count of what it sent begins anew.

        Raises KafkaError where the broker does not answer.
        """
        await self._abandon()
        producer = self._new_producer()
        try:
            await producer.start()
        except BaseException:
            await abandon(producer)
            raise
        self._producer = producer
        self._watch()

    async def flush(self) -> None:
        """Do nothing."""

    async def on_stop(self) -> None:
        """Give up what is not sent."""
        await self._abandon()
        await super().on_stop()

    def _watch(self) -> None:
        client = self._ensure_producer().client
        self._silent = asyncio.ensure_future(SilentConnections(client, SILENT_SECONDS).watch())

    async def _abandon(self) -> None:
        if self._silent is not None:
            self._silent.cancel()
        producer, self._producer = self._producer, None
        if producer is not None:
            await abandon(producer)


async def abandon(producer: Any) -> None:
    """Close one of aiokafka's producers now; it would wait for a broker that is gone."""
    producer._closed = True
    sending = producer._sender.sender_task
    if sending is not None:
        sending.cancel()
    await producer.client.close()  # answers whoever waits there
    if sending is not None:
        _, waiting = await asyncio.wait([sending], timeout=_ABANDON_SECONDS)
        for task in waiting:
            task.cancel()


class StoredOffsetTransport(driver.Transport):
    """Makes consumers and producers of the kinds above."""

    Consumer: ClassVar[type[driver.Consumer]] = StoredOffsetConsumer
    Producer: ClassVar[type[driver.Producer]] = LetterProducer
