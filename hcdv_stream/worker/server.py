"""The worker's HTTP endpoints: ``/metrics``, ``/livez`` and ``/readyz``.

Served by threads of their own, so that they answer while the event loop is stalled.
"""

import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from hcdv_stream.errors import HcdvError
from hcdv_stream.worker.health import Health

_STOP_SECONDS = 0.05
"""How often the server looks whether it is to stop."""
_TEXT = "text/plain; charset=utf-8"


class MetricsServer:
    """A context manager that serves on ``host``:``port``; port 0 takes a free one.

    Raises HcdvError where the port is taken.
    """

    def __init__(self, host: str, port: int, registry: CollectorRegistry, health: Health) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, kind, body = _answer(self.path.partition("?")[0], registry, health)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Scrapes are not worth a line."""

        try:
            self._server = ThreadingHTTPServer((host, port), Handler)
        except OSError as error:
            raise HcdvError(
                f"HCDV_METRICS_HOST={host} HCDV_METRICS_PORT={port} cannot be listened on "
                f"({error.strerror}): choose another port, or 0 for a free one"
            ) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_STOP_SECONDS,), name="metrics"
        )

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.server_port

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _answer(
    path: str, registry: CollectorRegistry, health: Health
) -> tuple[HTTPStatus, str, bytes]:
    if path == "/metrics":
        return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(registry)
    probes = {"/livez": health.ailment, "/readyz": health.unreadiness}
    if path not in probes:
        return HTTPStatus.NOT_FOUND, _TEXT, b"see /metrics, /livez and /readyz\n"
    if reason := probes[path]():
        return HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, f"{reason}\n".encode()
    return HTTPStatus.OK, _TEXT, b"ok\n"
