"""Looks at the APIs behind the gateway also where nobody asks: its metrics are to be true then."""

import asyncio
import logging
from typing import NoReturn

from hcdv_stream.api.problems import ProblemError
from hcdv_stream.api.source import Source

log = logging.getLogger(__name__)

_EVERY_SECONDS = 1.0


async def watch(source: Source) -> NoReturn:
    """Look once a second until cancelled."""
    while True:
        try:
            await source.current(keep=False)
        except ProblemError:
            pass  # whoever asks is told; the metrics have it
        except Exception:
            log.exception("the APIs could not be looked at")
        await asyncio.sleep(_EVERY_SECONDS)
