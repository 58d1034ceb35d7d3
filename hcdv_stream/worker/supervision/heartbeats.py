"""Writes heartbeats once a second, and marks states whose partitions other workers own now.

Heartbeats continue while the broker does not answer, so that readers can tell a worker without a
broker from an absent worker.
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from hcdv_stream.runtime.logs import fields
from hcdv_stream.state.heartbeat import Heartbeat, read_heartbeat, write_heartbeat
from hcdv_stream.state.layout import partition_directories
from hcdv_stream.state.lock import lock_holder
from hcdv_stream.worker.context import WorkerContext
from hcdv_stream.worker.ownership import Ownership
from hcdv_stream.worker.supervision.heartbeat_writer import STARTED_AT

log = logging.getLogger(__name__)

_EVERY_SECONDS = 1.0
_SETTLED_SECONDS = 5.0
"""A state that another worker of this machine may be about to open is not marked for so long."""


async def write_heartbeats(ownership: Ownership) -> NoReturn:
    """Write the heartbeats of the open partitions until cancelled.

    Raises StateError if the directory of one was moved or replaced.
    """
    while True:
        await asyncio.sleep(_EVERY_SECONDS)
        for partition in tuple(ownership.partitions.values()):
            await asyncio.to_thread(partition.check_place)
            await asyncio.to_thread(partition.write_heartbeat)


async def mark_moved_states(app: Any, context: WorkerContext) -> NoReturn:
    """Mark the states here whose partitions the group has given to others, until cancelled."""
    ownership = context.ownership
    directory = context.settings.state_dir / context.settings.topic
    while True:
        await asyncio.sleep(_EVERY_SECONDS)
        async with ownership.busy:  # so that this process opens no state meanwhile
            if not ownership.assigned or app.rebalancing:
                continue
            own = {tp.partition for tp in app.consumer.assignment()} | ownership.partitions.keys()
            try:
                await asyncio.to_thread(mark_moved, directory, own, time.time())
            except OSError as error:  # tried again, and no reason to stop
                context.metrics.heartbeat_failures.inc()
                log.debug("mark not written", extra=fields(reason=str(error)))


def mark_moved(topic_directory: Path, own: Collection[int], now: float) -> None:
    """Mark the states that nobody on this machine owns, since the group gave them to others.

    ``own`` are this worker's partitions. A state that another process holds, or held
    a moment ago, is left alone. Raises OSError.
    """
    for number, directory in partition_directories(topic_directory).items():
        if number in own:
            continue
        found = read_heartbeat(directory, now)
        if found is not None and (found.moved or now - found.beat_at < _SETTLED_SECONDS):
            continue
        if not (directory / "CURRENT").exists() or lock_holder(directory / "LOCK") is not None:
            continue
        if found is None:  # a state of a version without heartbeats, or a copy
            found = Heartbeat(os.getpid(), socket.gethostname(), STARTED_AT, now, now, 0, 0)
        moved = replace(found, beat_at=now, released_at=found.released_at or now, moved=True)
        write_heartbeat(directory, moved)
        log.info("partition moved to another worker", extra=fields(partition=number))
