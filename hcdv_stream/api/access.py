"""ASGI middleware: lets a request through to what its key is good for."""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from hcdv_stream.api.keys import KeyFile
from hcdv_stream.api.keys import Scope as Purpose
from hcdv_stream.api.problems import ProblemError, problem_response


class Guarded:
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
        if self._keys.problem() is not None:
            if scope["path"] == "/metrics":
                said = PlainTextResponse("hcdv_api_keys_usable 0.0\n")
                await said(scope, receive, send)
                return
            refusal: ProblemError | None = _unusable()
        else:
            refusal = self._refusal(Headers(scope=scope), purpose)
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await problem_response(scope["path"], refusal)(scope, receive, send)

    def _refusal(self, headers: Headers, purpose: Purpose) -> ProblemError | None:
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
    if path.startswith("/v1/export"):
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
