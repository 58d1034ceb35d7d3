"""The last resort of a worker that is to end and cannot."""

import logging
import os
import sys
import threading
from collections.abc import Callable

from hcdv_stream.errors import HcdvError
from hcdv_stream.runtime.logs import fields

log = logging.getLogger(__name__)

STOP_SECONDS = 40.0
"""Longer than a stop takes, that after a mismatch included, and shorter than liveness waits."""


def end_process_after(seconds: float, reason: Callable[[], BaseException | None]) -> None:
    """End this process with exit code 1 unless it has ended by then.

    ``reason`` returns why the worker stops, asked then: its sentence is printed as it would be at
    the end of a stop that works. A library that waits for ever while it stops, or a thread that
    does not end, would leave a process that does nothing. What is stored is whole whenever the
    process ends.
    """

    def end() -> None:
        log.error("worker does not stop: it is ended", extra=fields(seconds=seconds))
        if isinstance(why := reason(), HcdvError):
            print(f"error: {why}", file=sys.stderr, flush=True)
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
