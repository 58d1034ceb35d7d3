"""Counts and times every request by its route."""

import time
from collections.abc import Sequence

from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hcdv_stream.api.metrics import ApiMetrics

UNMATCHED = "unmatched"
_METHODS = frozenset({"GET", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})
"""Methods that are counted by name; strangers may send any."""


class MetricsMiddleware:
    """ASGI middleware: counts and times requests by the template of their route.

    What is refused before a route is found counts under the first of ``routes`` that has its path.
    """

    def __init__(self, app: ASGIApp, metrics: ApiMetrics, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._metrics = metrics
        self._templates = [
            (route.path_regex, route.path) for route in routes if isinstance(route, Route)
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin, status = time.perf_counter(), 500

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            with self._metrics.in_progress.track_inprogress():
                await self._app(scope, receive, note)
        finally:
            route = getattr(scope.get("route"), "path", None) or self._route(scope["path"])
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.requests.labels(route, method, str(status)).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - begin)

    def _route(self, path: str) -> str:
        return next((name for regex, name in self._templates if regex.match(path)), UNMATCHED)
