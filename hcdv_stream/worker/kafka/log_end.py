"""Looks at the end of a partition's log beside the consumer group."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import aiokafka
import cramjam
from aiokafka.errors import CorruptRecordException, KafkaError, UnsupportedCodecError

from hcdv_stream.broker.header_names import read_any_header_name

UNDECODABLE = (UnsupportedCodecError, CorruptRecordException, cramjam.DecompressionError)
"""What is raised for a batch whose codec is not known here, or that is damaged."""

_WAIT_MILLISECONDS = 20
_LONGEST_MILLISECONDS = 2000
_REQUEST_MILLISECONDS = 10_000
_RETRY_SECONDS = 0.5


async def listed_range(servers: list[str], topic: str, partition: int) -> tuple[int, int]:
    """Return where a log begins and where its committed records end, as the broker lists them.

    Asked with a client of its own, until it answers: behind the fetches of the worker's consumer,
    which share its connection, each question would wait for the longest fetch.
    """
    where = aiokafka.TopicPartition(topic, partition)
    while True:
        with suppress(KafkaError, TimeoutError):
            async with _reader(servers, isolation_level="read_committed") as reader:
                starts = await reader.beginning_offsets([where])
                ends = await reader.end_offsets([where])
                return starts[where], ends[where]
        await asyncio.sleep(_RETRY_SECONDS)


async def fetched_end(servers: list[str], topic: str, partition: int, listed: int) -> int:
    """Return where a log ends by what a fetch says; ``listed`` is not beyond it.

    Tansu lists the beginning of the last batch as the end of the log; a fetch knows better.
    """
    where = aiokafka.TopicPartition(topic, partition)
    async with _reader(servers, isolation_level="read_committed") as reader:
        reader.assign([where])
        reader.seek(where, listed)
        await _read(reader, where)
        return max(listed, _end(reader, where) or 0)


@dataclass(frozen=True, slots=True)
class WaitingRecords:
    """Records between an offset and the end of a log; ``is_all`` where none was left uncounted."""

    records: int
    is_all: bool


async def count_waiting(
    servers: list[str], topic: str, partition: int, offset: int | None, most: int
) -> WaitingRecords:
    """Count the committed records of a log from ``offset`` on, the start where it is None.

    Offsets without a record are none. Stops after about ``most``. Raises one of UNDECODABLE for a
    batch that cannot be read.
    """
    where = aiokafka.TopicPartition(topic, partition)
    records = 0
    async with _reader(servers, isolation_level="read_committed") as reader:
        reader.assign([where])
        start: int = (await reader.beginning_offsets([where]))[where]
        listed: int = (await reader.end_offsets([where]))[where]
        reader.seek(where, start if offset is None else offset)
        while records < most:
            got = await _read(reader, where)
            records += len(got)
            if await reader.position(where) >= max(listed, _end(reader, where) or 0):
                return WaitingRecords(records, is_all=True)
            if not got:  # the broker does not answer
                break
        return WaitingRecords(records, is_all=False)


async def _read(reader: Any, where: Any) -> list[Any]:
    """Return the next records, none at the end of the log or when the broker does not answer."""
    for _ in range(_LONGEST_MILLISECONDS // _WAIT_MILLISECONDS):
        try:
            got = await reader.getmany(where, timeout_ms=_WAIT_MILLISECONDS)
        except UnicodeDecodeError:  # not handed over, so it is fetched again
            read_any_header_name()
            continue
        if got:
            return list(got[where])
        end = _end(reader, where)
        if end is not None and await reader.position(where) >= end:
            break
    return []


def _end(reader: Any, where: Any) -> int | None:
    """Return what the last fetch said is the end of what this reader may read."""
    stable: int | None = reader.last_stable_offset(where)
    highwater: int | None = reader.highwater(where)
    return highwater if stable is None or stable < 0 else stable


@asynccontextmanager
async def _reader(servers: list[str], **options: Any) -> AsyncIterator[Any]:
    async with aiokafka.AIOKafkaConsumer(
        bootstrap_servers=servers,
        fetch_max_wait_ms=_WAIT_MILLISECONDS,
        request_timeout_ms=_REQUEST_MILLISECONDS,
        **options,
    ) as reader:
        yield reader
