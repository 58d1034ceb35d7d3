"""Bodies of requests: read whole before anything is done, bounded in size, memory and time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from starlette.types import Receive, Scope

from hcdv_stream.api.problems import ProblemError


class BodyError(Exception):
    """A body is not taken; ``problem`` is the answer."""

    def __init__(self, problem: ProblemError) -> None:
        super().__init__(problem.detail)
        self.problem = problem


class ClientGoneError(Exception):
    """The client closed the connection in the middle of its body: there is nobody to answer."""


class Bodies:
    """Bodies of at most ``most_bytes``, and ``memory`` together, that arrive within ``seconds``."""

    def __init__(self, most_bytes: int, memory: int, seconds: float) -> None:
        self._most_bytes = most_bytes
        self._memory = memory
        self._seconds = seconds
        self._held = 0

    @asynccontextmanager
    async def read(self, scope: Scope, receive: Receive) -> AsyncIterator[bytes]:
        """Give a body, which counts as held while the block lasts.

        Raises BodyError where it is not taken and ClientGoneError where its end never comes.
        """
        self._check_length(scope)
        body = bytearray()
        try:
            try:
                async with asyncio.timeout(self._seconds):
                    await self._fill(body, receive)
            except TimeoutError:
                raise BodyError(_too_slow(self._seconds)) from None
            yield bytes(body)
        finally:
            self._held -= len(body)

    def _check_length(self, scope: Scope) -> None:
        for name, value in scope["headers"]:
            # More digits than any bound has would only be costly to read.
            if name == b"content-length" and (
                not value.isdigit() or len(value) > 18 or int(value) > self._most_bytes
            ):
                raise BodyError(_too_large(self._most_bytes))

    async def _fill(self, body: bytearray, receive: Receive) -> None:
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            part = message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) + len(part) > self._most_bytes:
                raise BodyError(_too_large(self._most_bytes))
            if self._held + len(part) > self._memory:
                raise BodyError(_no_memory())
            body += part
            self._held += len(part)


def has_body(scope: Scope) -> bool:
    """Whether a request says that it has a body."""
    return any(name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"])


def _too_large(most: int) -> ProblemError:
    return ProblemError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "body-too-large",
        "Body too large",
        f"a body may have {most:,} bytes: ask for fewer examples at once",
    )


def _too_slow(seconds: float) -> ProblemError:
    return ProblemError(
        HTTPStatus.REQUEST_TIMEOUT,
        "body-too-slow",
        "The body did not arrive",
        f"the body was not whole after {seconds:g} s: send it at once, or raise "
        "HCDV_API_REQUEST_SECONDS",
    )


def _no_memory() -> ProblemError:
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "too-many-requests-at-once",
        "Too many requests at once",
        "the bodies of the requests at hand fill what may be held: ask again",
    )
