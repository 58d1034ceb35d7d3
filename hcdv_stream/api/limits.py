"""ASGI middleware: bounds what requests may take: bytes, places at a time, seconds."""

import asyncio
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hcdv_stream.api.problems import ProblemError, problem_response

_ALWAYS = {"/livez", "/readyz", "/metrics", "/internal/v1/view"}
_EVENTS = "/v1/events"


class Limited:
    """Refuses with a problem what goes over a limit; probes and metrics are always answered.

    ``places`` requests are answered at once, half of them may be event streams; bodies have at most
    ``most_bytes``; an answer must begin within ``seconds``.
    """

    def __init__(self, app: ASGIApp, places: int, most_bytes: int, seconds: float) -> None:
        self._app = app
        self._places = places
        self._most_bytes = most_bytes
        self._seconds = seconds
        self._busy = 0
        self._streams = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or scope["path"] in _ALWAYS:
            await self._app(scope, receive, send)
            return
        stream = scope["path"] == _EVENTS
        if self._busy >= self._places or (stream and self._streams >= self._places // 2):
            await _refuse(_crowded(), scope, receive, send)
            return
        self._busy += 1
        self._streams += stream
        try:
            await self._timed(scope, receive, send)
        finally:
            self._busy -= 1
            self._streams -= stream

    async def _timed(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(self._seconds) as timeout:

                async def begun(message: Message) -> None:
                    timeout.reschedule(None)
                    await send(message)

                body = await self._body(scope, receive)
                if body is None:
                    await _refuse(_too_large(self._most_bytes), scope, receive, begun)
                else:
                    await self._app(scope, _replayed(body, receive), begun)
        except TimeoutError:
            if not timeout.expired():
                raise
            await _refuse(_too_slow(self._seconds), scope, receive, send)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """Read the body whole; None where it is too large."""
        headers = Headers(scope=scope)
        length = headers.get("content-length")
        if length is None and "transfer-encoding" not in headers:
            return b""
        if length is not None and (not length.isdecimal() or int(length) > self._most_bytes):
            return None
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return body
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._most_bytes:
                return None
        return body


def _replayed(body: bytes, receive: Receive) -> Receive:
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return left.pop() if left else await receive()

    return replay


async def _refuse(problem: ProblemError, scope: Scope, receive: Receive, send: Send) -> None:
    await problem_response(scope["path"], problem)(scope, receive, send)


def _crowded() -> ProblemError:
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "too-many-requests-at-once",
        "Too many requests at once",
        "all places are taken: ask again, or raise HCDV_API_MAX_REQUESTS",
    )


def _too_large(most: int) -> ProblemError:
    return ProblemError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "body-too-large",
        "Body too large",
        f"a body may have {most:,} bytes: ask for fewer points at once",
    )


def _too_slow(seconds: float) -> ProblemError:
    return ProblemError(
        HTTPStatus.GATEWAY_TIMEOUT,
        "too-slow",
        "It took too long",
        f"no answer began within {seconds:g} s: ask for less, or raise HCDV_API_TIMEOUT_SECONDS",
    )
