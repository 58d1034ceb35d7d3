"""The metrics of a process as text, written once for all who ask at the same time."""

import asyncio

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from prometheus_client import CollectorRegistry, generate_latest


class MetricsText:
    """Writes the metrics of a registry in a thread of its own, which nothing else can take.

    Who asks while they are written gets them too: a flood of questions costs what one does, and
    keeps no processor from the probes.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._writing: asyncio.Task[bytes] | None = None

    async def read(self) -> bytes:
        """Return the text."""
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await asyncio.shield(self._writing)

    async def _write(self) -> bytes:
        return await run_sync(generate_latest, self._registry, limiter=CapacityLimiter(1))
