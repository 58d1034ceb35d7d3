"""The API as a process: uvicorn on a socket, answering at a lower priority than the worker."""

import logging
import os
import signal
import sys
from contextlib import AbstractContextManager, nullcontext
from types import FrameType

import uvicorn
from fastapi import FastAPI

from hcdv_stream.api.app import build_app
from hcdv_stream.api.metrics import ApiMetrics
from hcdv_stream.api.views.refresher import Refresher
from hcdv_stream.runtime.file_descriptors import raise_descriptor_limit
from hcdv_stream.runtime.garbage_collection import freeze_loaded_objects
from hcdv_stream.runtime.logs import fields
from hcdv_stream.runtime.malloc_arenas import limit_malloc_arenas
from hcdv_stream.serving.bounds import Bounds, affordable
from hcdv_stream.serving.listener import listen
from hcdv_stream.serving.uvicorn_server import bounded_server
from hcdv_stream.settings import Settings

NICENESS = 2
"""Added to the niceness of the threads that answer: where processors are short, the worker goes
first. The thread that follows the state keeps its own, so that answers stay current."""
_SHUTDOWN_SECONDS = 5
_SWITCH_SECONDS = 0.0003

log = logging.getLogger(__name__)


def run_api(settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C, then finish the requests in hand.

    Raises HcdvError where the port is taken, and where keys are needed and there are none.
    """
    app = build_app(settings)
    refresher: Refresher = app.state.refresher
    serve(app, "API", settings.api_host, settings.api_port, settings=settings, beside=refresher)


def serve(
    app: FastAPI,
    name: str,
    host: str,
    port: int,
    *,
    settings: Settings,
    beside: AbstractContextManager[object] | None = None,
) -> None:
    """Serve an application; ``beside`` runs as long, at the process's own priority."""
    raise_descriptor_limit()
    limit_malloc_arenas()
    listener = listen(host, port, f"HCDV_{name.upper()}")
    metrics: ApiMetrics = app.state.metrics
    server = bounded_server(
        app,
        bounds_of(settings),
        metrics.connections,
        stop_seconds=_SHUTDOWN_SECONDS,
        lifespan=True,
    )
    _heed_signals(server)
    # The thread that follows the state lets another go on after so long, 5 ms by default, and every
    # event of a socket may have to wait for that once. Reads waited longer with 0.1 than 0.3 ms.
    sys.setswitchinterval(_SWITCH_SECONDS)
    freeze_loaded_objects()
    with listener, beside or nullcontext():
        os.nice(NICENESS)  # on Linux, of this thread and of those that it starts from here on
        address, bound = listener.getsockname()[:2]
        log.info("%s listening", name, extra=fields(host=address, port=bound, pid=os.getpid()))
        server.run(sockets=[listener])
    log.info("%s stopped", name)


def _heed_signals(server: uvicorn.Server) -> None:
    """Make having been stopped a success, also before uvicorn listens to signals itself.

    It raises the signal again once it has stopped, which then changes nothing any more.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


def bounds_of(settings: Settings) -> Bounds:
    """Return what connections to API and gateway may take."""
    return Bounds(
        connections=affordable(settings.api_max_connections),
        head_bytes=settings.api_max_head_bytes,
        seconds=settings.api_request_seconds,
        unread_seconds=settings.api_write_seconds,
    )
