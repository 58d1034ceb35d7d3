"""What the states of this worker take of its disk, looked at every few seconds.

RocksDB is asked for counts that it keeps anyway, between two polls; directories are listed in a
thread. Nothing here is done for a record or a poll.
"""

import asyncio
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from hcdv_stream.settings import Settings
from hcdv_stream.state.errors import StateError
from hcdv_stream.state.store import StoreMeasures
from hcdv_stream.worker.context import WorkerContext
from hcdv_stream.worker.metrics.definitions import WorkerMetrics
from hcdv_stream.worker.partition import directory_of

log = logging.getLogger(__name__)

_EVERY_SECONDS = 5.0


async def measure_states(context: WorkerContext) -> NoReturn:
    """Measure until cancelled."""
    while True:
        try:
            async with context.ownership.busy:
                found = {
                    number: partition.measures()
                    for number, partition in context.ownership.partitions.items()
                }
            await asyncio.to_thread(publish, context.settings, context.metrics, found)
        except (OSError, StateError):  # a partition is just going, or a directory is not there yet
            log.debug("states not measured", exc_info=True)
        await asyncio.sleep(_EVERY_SECONDS)


def publish(settings: Settings, metrics: WorkerMetrics, found: Mapping[int, StoreMeasures]) -> None:
    """Publish what RocksDB said of each partition, its files, and the disk they lie on."""
    for number, measures in found.items():
        labels = (settings.topic, str(number))
        sizes = _sizes(directory_of(settings, number))
        metrics.state_files.labels(*labels).set(len(sizes))
        metrics.state_bytes.labels(*labels).set(sum(sizes))
        metrics.state_buffers.labels(*labels).set(measures.buffered_bytes)
        metrics.state_pending.labels(*labels).set(measures.pending_compaction_bytes)
        metrics.state_held_back.labels(*labels).set(measures.writes_held_back)
    disk = shutil.disk_usage(settings.state_dir)
    metrics.disk_bytes.set(disk.total)
    metrics.disk_free.set(disk.free)


def _sizes(directory: Path) -> list[int]:
    sizes = []
    for path in directory.iterdir():
        try:
            sizes.append(path.stat().st_size)
        except FileNotFoundError:  # RocksDB removed it meanwhile
            continue
    return sizes
