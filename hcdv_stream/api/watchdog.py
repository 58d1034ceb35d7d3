"""Tells systemd that the API answers, and goes on telling it as long as ``/livez`` would succeed.

It is told from the loop that answers: one that hangs says nothing, and is started anew.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn

from hcdv_stream.api.source import Source
from hcdv_stream.notify import notify

_EVERY_SECONDS = 1.0


@asynccontextmanager
async def watched(source: Source) -> AsyncIterator[None]:
    """Be ready inside the block, alive while it lasts, and stopping in the end."""
    telling = asyncio.create_task(_tell(source))
    notify("READY=1")
    try:
        yield
    finally:
        notify("STOPPING=1")
        telling.cancel()


async def _tell(source: Source) -> NoReturn:
    while True:
        if source.ailment() is None:
            notify("WATCHDOG=1")
        await asyncio.sleep(_EVERY_SECONDS)
