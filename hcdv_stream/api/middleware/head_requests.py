"""ASGI middleware: HEAD is answered as GET is, without the body."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class _Begun(Exception):  # noqa: N818 (no error: it ends an answer whose headers are all it has)
    """The headers are sent."""


class HeadMiddleware:
    """Asks for what HEAD names by GET, and ends the answer before its body.

    Whatever is inside sees, and counts, a GET. What a body would have cost is spared where it is
    made while it is sent: an export, events.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, as another one where it is HEAD."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def headers_alone(message: Message) -> None:
            await send(message)
            await send({"type": "http.response.body"})
            raise _Begun

        try:
            await self._app({**scope, "method": "GET"}, receive, headers_alone)
        except* _Begun:
            pass
