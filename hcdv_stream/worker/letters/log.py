"""Reads the letters' end of a dead-letter partition beside the consumer group."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiokafka

from hcdv_stream.broker.header_names import read_any_header_name
from hcdv_stream.worker.kafka.log_range import LogError

_WAIT_MILLISECONDS = 20
_REQUEST_MILLISECONDS = 10_000
_QUIET_SECONDS = 2.0
_LONGEST_SECONDS = 30.0


class LetterLog:
    """A partition of the dead-letter topic, read with one client."""

    def __init__(self, reader: Any, topic: str, partition: int) -> None:
        self._reader = reader
        self._where = aiokafka.TopicPartition(topic, partition)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, servers: list[str], topic: str, partition: int
    ) -> AsyncIterator["LetterLog"]:
        """Connect."""
        async with aiokafka.AIOKafkaConsumer(
            bootstrap_servers=servers,
            fetch_max_wait_ms=_WAIT_MILLISECONDS,
            request_timeout_ms=_REQUEST_MILLISECONDS,
        ) as reader:
            log = cls(reader, topic, partition)
            reader.assign([log._where])
            yield log

    async def range(self) -> tuple[int, int]:
        """Return the first offset and, as far as the broker lists it, the end."""
        starts = await self._reader.beginning_offsets([self._where])
        ends = await self._reader.end_offsets([self._where])
        return starts[self._where], ends[self._where]

    async def read(self, begin: int, listed_end: int) -> AsyncIterator[Any]:
        """Yield every record from ``begin`` to the end.

        Raises KafkaError where the broker is gone, LogError where it answers and nothing comes:
        what is not read cannot be told from what was never sent.
        """
        reader, where = self._reader, self._where
        reader.seek(where, begin)
        moved = time.monotonic()
        while True:
            try:
                found = await reader.getmany(where, timeout_ms=_WAIT_MILLISECONDS)
            except UnicodeDecodeError:  # not handed over, so it is fetched again
                read_any_header_name()
                continue
            if found:
                for record in found[where]:
                    yield record
                moved = time.monotonic()
                continue
            quiet = time.monotonic() - moved
            end, position = reader.highwater(where), await reader.position(where)
            at_end = end is not None and position >= end
            # Tansu lists the beginning of the last batch as the end; what is fetched knows better.
            if position >= listed_end and (at_end or quiet > _QUIET_SECONDS):
                return
            if quiet > _LONGEST_SECONDS:
                await self.range()
                raise LogError(
                    f"partition {where.partition} of topic {where.topic!r} cannot be read beyond "
                    f"offset {position}: look at the broker, then start the worker again"
                )
            await asyncio.sleep(0)
