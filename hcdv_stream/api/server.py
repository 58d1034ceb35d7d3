"""The API as a process: uvicorn on a socket, answering at a lower priority than the worker."""

import logging
import os
import signal
import socket
import sys
from contextlib import AbstractContextManager, nullcontext
from types import FrameType

import uvicorn
from fastapi import FastAPI

from hcdv_stream.api.app import build_app
from hcdv_stream.api.refresher import Refresher
from hcdv_stream.descriptors import raise_descriptor_limit
from hcdv_stream.errors import HcdvError
from hcdv_stream.garbage import spare_what_is_loaded
from hcdv_stream.logs import fields
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
    serve(app, "API", settings.api_host, settings.api_port, refresher)


def serve(
    app: FastAPI,
    name: str,
    host: str,
    port: int,
    beside: AbstractContextManager[object] | None = None,
) -> None:
    """Serve an application; ``beside`` runs as long, at the process's own priority."""
    raise_descriptor_limit()
    listener = _listener(name, host, port)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            lifespan="on",
            log_config=None,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        )
    )
    _heed_signals(server)
    # The thread that follows the state lets another go on after so long, 5 ms by default, and every
    # event of a socket may have to wait for that once. Reads waited longer with 0.1 than 0.3 ms.
    sys.setswitchinterval(_SWITCH_SECONDS)
    spare_what_is_loaded()
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


def _listener(name: str, host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        prefix = f"HCDV_{name.upper()}"
        unknown = isinstance(error, socket.gaierror)  # whose numbers are no system's
        reason = error.strerror if unknown else os.strerror(error.errno or 0)
        raise HcdvError(
            f"{prefix}_HOST={host} {prefix}_PORT={port} cannot be listened on "
            f"({reason}): choose another port, or 0 for a free one"
        ) from error
    # asyncio does so only for sockets whose protocol number is spelled out; 40 ms an answer.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
