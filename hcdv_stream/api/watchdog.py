"""Looks after an API while it serves: tells systemd that it lives, and the log when it is ready.

Systemd is told from the loop that answers, as long as ``/livez`` would succeed: one that hangs says
nothing, and is started anew.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn

from hcdv_stream.api.middleware.api_keys import LOOK_SECONDS, KeyFile
from hcdv_stream.api.sources.source import AnswerSource
from hcdv_stream.runtime.logs import fields
from hcdv_stream.runtime.systemd import notify

log = logging.getLogger(__name__)

_EVERY_SECONDS = 1.0


@asynccontextmanager
async def watched(source: AnswerSource, keys: KeyFile | None = None) -> AsyncIterator[None]:
    """Be ready inside the block, alive while it lasts, and stopping in the end.

    ``keys`` are looked at all the while, so that the log says what is wrong with their file also
    where nobody asks.
    """
    tasks = [asyncio.create_task(one) for one in (_tell(source), _look(source))]
    if keys is not None:
        tasks.append(asyncio.create_task(_look_at(keys)))
    notify("READY=1")
    try:
        yield
    finally:
        notify("STOPPING=1")
        for task in tasks:
            task.cancel()


async def _tell(source: AnswerSource) -> NoReturn:
    while True:
        if source.ailment() is None:
            notify("WATCHDOG=1")
        await asyncio.sleep(_EVERY_SECONDS)


async def _look_at(keys: KeyFile) -> NoReturn:
    while True:
        keys.look()
        await asyncio.sleep(LOOK_SECONDS)


async def _look(source: AnswerSource) -> NoReturn:
    """Say when answers begin and cease to be possible; looks also where nobody asks."""
    ready: bool | None = None
    while True:
        await asyncio.sleep(_EVERY_SECONDS)
        try:
            checks = await source.readiness()
            reasons = [f"{check.name}: {check.detail}" for check in checks if not check.ok]
        except Exception:
            log.exception("readiness unknown")
            continue
        if ready is not (ready := not reasons):
            if ready:
                log.info("ready")
            else:
                log.warning("not ready", extra=fields(reason=reasons[0]))
