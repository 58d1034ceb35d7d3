"""The thread that reads the log: committed records only, and how far it has read.

Faust runs aiokafka's consumer in a thread of its own. Its names are private; the worker's tests
pin them.
"""

import asyncio
import logging
from collections.abc import Collection, Coroutine, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from aiokafka.errors import (
    KafkaTimeoutError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)

from hcdv_stream.broker.header_names import read_any_header_name
from hcdv_stream.worker.kafka.log_end import UNDECODABLE
from hcdv_stream.worker.kafka.log_range import LogError, LogRange
from hcdv_stream.worker.kafka.membership import MemberThread
from hcdv_stream.worker.kafka.progress import ReadPosition
from hcdv_stream.worker.kafka.silent_connections import SilentConnections

Result = TypeVar("Result")

RETRY_MILLISECONDS = 500
"""Between two tries of aiokafka's; its own tenth of a second makes thousands of tries a minute."""
_COMMIT_SECONDS = 3.0
_JOINING_SECONDS = 10.0
"""A place in the group is given within the rebalance time-out, on Tansu within a session."""


class ConsumerThread(MemberThread):
    """Reads up to the last stable offset."""

    logger = logging.getLogger("faust.consumer_thread")

    def __post_init__(self) -> None:
        super().__post_init__()
        self._handed_over: dict[Any, int] = {}
        self._committed: dict[Any, int] = {}

    async def on_start(self) -> None:
        """Start the consumer, and watch its connections."""
        await super().on_start()
        joining = self.app.conf.broker_session_timeout + _JOINING_SECONDS
        self.add_future(SilentConnections(self._consumer._client, joining).watch())

    async def on_thread_stop(self) -> None:
        """Stop the consumer, also in the middle of a broker's outage.

        aiokafka lets the cancellation of a fetch that waits for its next try escape; it would end
        this thread with a traceback, and whoever waits for it would wait for ever.
        """
        try:
            await super().on_thread_stop()
        except asyncio.CancelledError:
            if self._consumer is not None:
                await self._consumer._client.close()

    def _stopped_set(self) -> None:
        """Tell the thread that it is stopped, unless it ended by itself: the app has crashed."""
        with suppress(RuntimeError):  # its event loop is closed then
            super()._stopped_set()

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Faust offers "read_committed" only together with its own transactions.
        consumer._isolation_level = "read_committed"
        # A position that the log does not hold any more must not be taken for its beginning.
        consumer._auto_offset_reset = "none"
        consumer._retry_backoff_ms = RETRY_MILLISECONDS
        return consumer

    async def _fetch_records(
        self, consumer: Any, active_partitions: set[Any], **options: Any
    ) -> Mapping[Any, Any]:
        before = self._positions(active_partitions)
        try:
            records: Mapping[Any, Any] = await super()._fetch_records(
                consumer, active_partitions, **options
            )
        except NoOffsetForPartitionError:  # the place to begin at is the state's
            return {}
        except OffsetOutOfRangeError as error:
            await self._refuse_lost_place(error.args[0])
            return {}
        except UnicodeDecodeError:
            read_any_header_name()
            self._fetch_again(consumer, before)
            return {}
        except UNDECODABLE as error:
            raise _undecodable(consumer._fetcher._records, error) from error
        for tp, some in records.items():
            self._handed_over[tp] = some[-1].offset
        return records

    def _positions(self, tps: Collection[Any]) -> dict[Any, int]:
        states = {tp: self._state(tp) for tp in tps}
        return {tp: state._position for tp, state in states.items() if state is not None}

    def _fetch_again(self, consumer: Any, positions: Mapping[Any, int]) -> None:
        """Go back to these positions; what was fetched and not handed over is let go."""
        fetched = consumer._fetcher
        fetched._records.clear()
        fetched._notify(fetched._wait_consume_future)
        for tp, position in positions.items():
            state = self._state(tp)
            if state is not None and position is not None and state._position != position:
                state.seek(position)

    async def _refuse_lost_place(self, places: Mapping[Any, int]) -> None:
        """Raise LogError where the log does not hold the places to go on reading at.

        Otherwise they are asked for again: a broker that lags behind others may not know them yet,
        and a place before that of the state is the group's, which nobody goes on reading at.
        """
        for tp, place in places.items():
            partition = self.consumer.app.owned.get(tp.partition)
            if partition is None or place < partition.expected:
                continue
            found: LogRange = await self.consumer.log_of(tp, place)
            found.resumed_at(place)
        await asyncio.sleep(RETRY_MILLISECONDS / 1000)

    async def _commit(self, offsets: Mapping[Any, int]) -> bool:
        """Commit, and give up soon: stopping must not wait for a broker that is gone."""
        try:
            async with asyncio.timeout(_COMMIT_SECONDS):
                done: bool = await super()._commit(offsets)
        except TimeoutError:
            return False
        if done:
            self._committed.update(offsets)
        return done

    def is_committed(self, tp: Any, offset: int) -> bool:
        """Say whether this worker has committed that offset or a later one."""
        return offset <= self._committed.get(tp, -1)

    def read_position(self, tp: Any) -> ReadPosition:
        """Say how far ``tp`` has been read; may be asked from any thread."""
        # The position first: records that are handed over in between only make this more careful.
        position = self._position(tp)
        return ReadPosition(position, self._handed_over.get(tp, -1))

    def _position(self, tp: Any) -> int:
        state = self._state(tp)
        return (state._position or 0) if state is not None else 0

    def highwater(self, tp: Any) -> int | None:
        """Return the last stable offset as of the last fetch, None before the first.

        Faust asks for every record.
        """
        state = self._state(tp)
        if state is None:
            return None
        stable: int | None = state.lso
        end: int | None = state.highwater
        # Brokers without transactions give none.
        return end if stable is None or stable < 0 else stable

    def _state(self, tp: Any) -> Any:
        """Return what aiokafka knows of a partition, None where it is not assigned."""
        subscription = self._ensure_consumer()._subscription.subscription
        assignment = subscription.assignment if subscription else None
        return assignment.state_value(tp) if assignment and tp in assignment.tps else None

    async def ask_log_ends(self, tps: Collection[Any], seconds: float) -> dict[Any, int]:
        """Ask the broker for last stable offsets, past Faust's queue of calls to this thread.

        A call that waits for a broker that is gone would hold up all others there.
        """
        return await self._in_thread(self._log_ends(tps, seconds))

    async def _log_ends(self, tps: Collection[Any], seconds: float) -> dict[Any, int]:
        async with asyncio.timeout(seconds):
            return dict(await self._ensure_consumer().end_offsets(tps))

    async def ask_log_start(self, tp: Any, seconds: float) -> int:
        """Ask the broker for a log's first offset, again and again until it answers."""
        while True:
            with suppress(TimeoutError, KafkaTimeoutError):
                return await self._in_thread(self._log_start(tp, seconds))

    async def _log_start(self, tp: Any, seconds: float) -> int:
        async with asyncio.timeout(seconds):
            start: int = (await self._ensure_consumer().beginning_offsets([tp]))[tp]
            return start

    async def check_coordinator(self) -> None:
        """Raise the error, if any, that the membership in the group hangs on."""
        await self._in_thread(self._coordinator_errors())

    async def _coordinator_errors(self) -> None:
        self.check_membership()

    async def _in_thread(self, asked: Coroutine[Any, Any, Result]) -> Result:
        running = asyncio.run_coroutine_threadsafe(asked, self.thread_loop)
        return await asyncio.wrap_future(running)


def _undecodable(fetched: Mapping[Any, Any], error: Exception) -> LogError:
    """Say which batch it was: the one whose iteration the error ended."""
    for tp, result in fetched.items():
        records = getattr(result, "_partition_records", None)
        iterator = getattr(records, "_records_iterator", None)
        if records is not None and getattr(iterator, "gi_frame", None) is None:
            return LogError(
                f"the batch at offset {records.next_fetch_offset} of partition {tp.partition} of "
                f"topic {tp.topic!r} cannot be decoded ({error}): install what the codec needs, or "
                "copy the topic without that batch"
            )
    return LogError(f"a batch of the log cannot be decoded ({error})")
