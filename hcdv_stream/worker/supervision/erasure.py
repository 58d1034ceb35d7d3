"""Erases what is left of deleted examples once that is due, partition by partition.

The two short ends of an erasure, a flush and a note, exclude polls; the compaction between them
does not.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import NoReturn

from hcdv_stream.runtime.logs import fields
from hcdv_stream.state.errors import StateError
from hcdv_stream.worker.context import WorkerContext
from hcdv_stream.worker.partition import Partition

log = logging.getLogger(__name__)

_EVERY_SECONDS = 1.0
_PAUSE_SECONDS = 60.0
"""After an erasure that failed."""


async def erase_when_due(
    context: WorkerContext, clock: Callable[[], float] = time.time
) -> NoReturn:
    """Look after the owned partitions until cancelled; ``clock`` gives seconds since the epoch.

    Half of HCDV_ERASURE_SECONDS after a deletion an erasure begins: the rest is for its work.
    """
    most = context.settings.erasure_seconds
    while True:
        await asyncio.sleep(min(_EVERY_SECONDS, most / 4))
        for number, partition in list(context.ownership.partitions.items()):
            since = partition.erasure_due_since
            waiting = 0.0 if since is None else clock() - since
            partition.observe_erasure(max(waiting - most, 0.0))
            if since is None or waiting < most / 2:
                continue
            begin = time.perf_counter()
            try:
                erased = await _erase(context, number, partition)
            except StateError as error:
                log.error("erasure failed", extra=fields(partition=number, problem=str(error)))
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            if erased:
                seconds = round(time.perf_counter() - begin, 3)
                log.info("deletions erased", extra=fields(partition=number, seconds=seconds))


async def _erase(context: WorkerContext, number: int, partition: Partition) -> bool:
    """Erase in one partition; return False if it was taken back meanwhile."""
    ownership = context.ownership
    async with ownership.busy:
        if ownership.partitions.get(number) is not partition:
            return False
        files = await asyncio.to_thread(partition.begin_erasure)
    if not await asyncio.to_thread(partition.erase, files):
        return False
    async with ownership.busy:
        if ownership.partitions.get(number) is not partition:
            return False
        await asyncio.to_thread(partition.end_erasure)
    return True
