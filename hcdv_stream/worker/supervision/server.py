"""The worker's HTTP endpoints: ``/metrics``, ``/livez`` and ``/readyz``.

Served from a thread and an event loop of their own, so that they answer while the worker's loop is
stalled, and by the same bounded server as the API, so that idle or slow clients cost little.
"""

import logging
import threading
import time
from http import HTTPStatus
from types import TracebackType
from typing import Self

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from hcdv_stream.errors import HcdvError
from hcdv_stream.serving.bounds import Bounds, affordable
from hcdv_stream.serving.hosts import KnownHosts, known_names
from hcdv_stream.serving.listener import listen
from hcdv_stream.serving.metrics import ConnectionMetrics
from hcdv_stream.serving.metrics_text import MetricsText
from hcdv_stream.serving.uvicorn_server import bounded_server
from hcdv_stream.worker.supervision.health import WorkerHealth

log = logging.getLogger(__name__)

_CONNECTIONS = 64
_STOP_SECONDS = 1


class MetricsServer:
    """A context manager that serves on ``host``:``port``; port 0 takes a free one.

    ``allowed_hosts`` are names that requests may be for besides this machine's own. Raises
    HcdvError where the address cannot be listened on.
    """

    def __init__(
        self,
        host: str,
        port: int,
        registry: CollectorRegistry,
        health: WorkerHealth,
        connections: ConnectionMetrics,
        *,
        allowed_hosts: tuple[str, ...] = (),
    ) -> None:
        app: ASGIApp = _Endpoints(registry, health)
        if (names := known_names(host, allowed_hosts)) is not None:
            app = KnownHosts(app, names, _unknown_host)
        self._listener = listen(host, port, "HCDV_METRICS")
        self._port: int = self._listener.getsockname()[1]
        self._server = bounded_server(
            app,
            Bounds(connections=affordable(_CONNECTIONS)),
            connections,
            stop_seconds=_STOP_SECONDS,
            lifespan=False,
        )
        self._thread = threading.Thread(target=self._serve, name="metrics", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise HcdvError("the metrics server did not start: the line before says why")
            time.sleep(0.005)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
        except Exception:
            log.exception("metrics server failed")


class _Endpoints:
    """The endpoints as an ASGI application."""

    def __init__(self, registry: CollectorRegistry, health: WorkerHealth) -> None:
        self._metrics = MetricsText(registry)
        self._probes = {"/livez": health.liveness_failure, "/readyz": health.readiness_failure}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (await self._answer(scope["method"], scope["path"]))(scope, receive, send)

    async def _answer(self, method: str, path: str) -> Response:
        known = path == "/metrics" or path in self._probes
        if not known:
            return _said(HTTPStatus.NOT_FOUND, "see /metrics, /livez and /readyz")
        if method not in {"GET", "HEAD"}:
            return _said(HTTPStatus.METHOD_NOT_ALLOWED, "ask by GET or HEAD", Allow="GET, HEAD")
        if path == "/metrics":  # in a thread: a probe need not wait for it
            return Response(
                await self._metrics.read(), headers={"Content-Type": CONTENT_TYPE_LATEST}
            )
        if reason := self._probes[path]():
            return _said(HTTPStatus.SERVICE_UNAVAILABLE, reason)
        return _said(HTTPStatus.OK, "ok")


def _said(status: HTTPStatus, text: str, **headers: str) -> Response:
    return PlainTextResponse(f"{text}\n", int(status), headers=headers)


def _unknown_host(_: Scope, host: str) -> ASGIApp:
    return _said(
        HTTPStatus.MISDIRECTED_REQUEST,
        f"the host {host!r} is not known here: ask for localhost, or name it in HCDV_ALLOWED_HOSTS",
    )
