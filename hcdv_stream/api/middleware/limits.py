"""ASGI middleware: bounds what requests may take: bytes, places at a time, seconds."""

import asyncio
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hcdv_stream.api.middleware.bodies import Bodies, BodyError, ClientGoneError, has_body
from hcdv_stream.api.problems import ProblemError, problem_response

_ALWAYS = {"/livez", "/readyz", "/metrics", "/internal/v1/view"}
_EVENTS = "/v1/events"


class LimitMiddleware:
    """Refuses with a problem what goes over a limit; probes and metrics are always answered.

    ``places`` requests are answered at once, half of them may be event streams; bodies have at most
    ``most_bytes``, a quarter of the places' bodies are held at once, and each arrives within
    ``body_seconds``, before its request takes a place; an answer must begin within ``seconds``.
    """

    def __init__(
        self,
        app: ASGIApp,
        places: int,
        most_bytes: int,
        seconds: float,
        body_seconds: float = 10.0,
    ) -> None:
        self._app = app
        self._places = places
        self._seconds = seconds
        self._bodies = Bodies(most_bytes, max(places // 4, 1) * most_bytes, body_seconds)
        self._busy = 0
        self._streams = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or scope["path"] in _ALWAYS:
            await self._app(scope, receive, send)
            return
        if not has_body(scope):
            await self._placed(scope, _replayed(b"", receive), send)
            return
        try:
            async with self._bodies.read(scope, receive) as body:
                await self._placed(scope, _replayed(body, receive), send)
        except BodyError as refused:
            await _refuse(refused.problem, scope, receive, send)
        except ClientGoneError:
            return

    async def _placed(self, scope: Scope, receive: Receive, send: Send) -> None:
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

                await self._app(scope, receive, begun)
        except TimeoutError:
            if not timeout.expired():
                raise
            await _refuse(_too_slow(self._seconds), scope, receive, send)


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


def _too_slow(seconds: float) -> ProblemError:
    return ProblemError(
        HTTPStatus.GATEWAY_TIMEOUT,
        "too-slow",
        "It took too long",
        f"no answer began within {seconds:g} s: ask for less, or raise HCDV_API_TIMEOUT_SECONDS",
    )
