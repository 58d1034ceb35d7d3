"""ASGI middleware: lets a request through to what its key is good for."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hcdv_stream.api.middleware.api_keys import LOOK_SECONDS, KeyFile
from hcdv_stream.api.middleware.api_keys import Scope as Purpose
from hcdv_stream.api.problems import ProblemError, problem_response

_EVENTS, _EXPORT = "/v1/events", "/v1/export"
_LONG = (_EVENTS, _EXPORT)
"""Answers that may outlive their key."""


class KeyMiddleware:
    """Asks for ``Authorization: Bearer KEY``; probes, the page and the documentation are free.

    While the key file cannot be used, everything that needs a key is refused, and ``/metrics`` says
    that and nothing else, to anybody: nobody could ask for it with a key.
    """

    def __init__(self, app: ASGIApp, keys: KeyFile) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        purpose = purpose_of(scope) if scope["type"] == "http" else None
        if purpose is None:
            await self._app(scope, receive, send)
            return
        if scope["path"] == "/metrics" and self._keys.problem() is not None:
            said = PlainTextResponse("hcdv_api_keys_usable 0.0\n")
            await said(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if refusal := self._refusal(headers, purpose):
            await problem_response(scope["path"], refusal)(scope, receive, send)
        elif scope["path"].startswith(_LONG):
            await self._watched(scope, receive, send, lambda: self._refusal(headers, purpose))
        else:
            await self._app(scope, receive, send)

    async def _watched(
        self, scope: Scope, receive: Receive, send: Send, refusal: Callable[[], ProblemError | None]
    ) -> None:
        """Answer as long as the key is good; cut the answer off within a second of its end."""
        begun = False

        async def note(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        answering = asyncio.ensure_future(self._app(scope, receive, note))
        refused = None
        try:
            while not refused and not (await asyncio.wait({answering}, timeout=LOOK_SECONDS))[0]:
                refused = refusal()
        finally:
            if not answering.done():
                answering.cancel()
                with suppress(asyncio.CancelledError):
                    await answering
        if not refused:
            answering.result()
        elif not begun:
            await problem_response(scope["path"], refused)(scope, receive, send)
        elif scope["path"] == _EVENTS:  # an export must not look whole
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _refusal(self, headers: Headers, purpose: Purpose) -> ProblemError | None:
        if self._keys.problem() is not None:
            return _unusable()
        kind, _, secret = headers.get("authorization", "").partition(" ")
        key = self._keys.find(secret.strip()) if kind.lower() == "bearer" else None
        if key is None:
            return ProblemError(
                HTTPStatus.UNAUTHORIZED,
                "no-key",
                "An API key is needed",
                "send a valid key as `Authorization: Bearer KEY`",
            )
        if not key.may(purpose):
            return ProblemError(
                HTTPStatus.FORBIDDEN,
                "key-not-good-for-this",
                "The key is not good for this",
                f"the key {key.name!r} has not the scope {purpose.value!r}",
            )
        return None


def purpose_of(scope: Scope) -> Purpose | None:
    """Return what a key must be good for, None where none is needed."""
    path: str = scope["path"]
    if path == "/metrics" or (path == "/readyz" and scope["query_string"]):
        return Purpose.METRICS
    if path.startswith("/internal/"):
        return Purpose.SHARD
    if path.startswith(_EXPORT):
        return Purpose.EXPORT
    return Purpose.READ if path.startswith("/v1/") else None


def unknown_host(scope: Scope, host: str) -> ASGIApp:
    """Return the answer to a request for a name that is not this machine's."""
    return problem_response(
        scope["path"],
        ProblemError(
            HTTPStatus.MISDIRECTED_REQUEST,
            "unknown-host",
            "Unknown host",
            f"the host {host!r} is not known here: ask for localhost, or name it in "
            "HCDV_ALLOWED_HOSTS",
        ),
    )


def _unusable() -> ProblemError:
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "keys-unusable",
        "No key can be checked",
        "the file of API keys cannot be used, so every key is refused: the log of the API says why",
    )
