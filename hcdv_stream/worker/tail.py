"""Looks at the end of a partition's log beside the consumer group."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiokafka

_WAIT_MILLISECONDS = 20
_LONGEST_MILLISECONDS = 2000


async def fetched_end(servers: list[str], topic: str, partition: int, listed: int) -> int:
    """Return where a log ends by what a fetch says; ``listed`` is not beyond it.

    Tansu lists the beginning of the last batch as the end of the log; a fetch knows better.
    """
    where = aiokafka.TopicPartition(topic, partition)
    async with _reader(servers) as reader:
        reader.assign([where])
        reader.seek(where, listed)
        await _read(reader, where)
        return max(listed, reader.highwater(where) or 0)


async def _read(reader: Any, where: Any) -> list[Any]:
    """Return the next records, none at the end of the log or when the broker does not answer."""
    for _ in range(_LONGEST_MILLISECONDS // _WAIT_MILLISECONDS):
        got = await reader.getmany(where, timeout_ms=_WAIT_MILLISECONDS)
        if got:
            return list(got[where])
        end = reader.highwater(where)
        if end is not None and await reader.position(where) >= end:
            break
    return []


@asynccontextmanager
async def _reader(servers: list[str]) -> AsyncIterator[Any]:
    async with aiokafka.AIOKafkaConsumer(
        bootstrap_servers=servers, fetch_max_wait_ms=_WAIT_MILLISECONDS
    ) as reader:
        yield reader
