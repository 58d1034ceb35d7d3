"""Routes that read bodies strictly, and start again if a shard was lost between two queries.

A gateway asks several processes one after the other; one may have dropped the state that the first
query was about, or have died. The request then starts again from a new state.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from hcdv_stream.api.routes.json_bodies import JsonRequest
from hcdv_stream.api.sources.source import AnswerSource, ShardLost

_ATTEMPTS = 3


class StrictRoute(APIRoute):
    """A route that takes a JSON body only if it means one thing."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler."""
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            return await handle(JsonRequest(request.scope, request.receive))

        return handle_strictly if self.body_field else handle


class RetryRoute(StrictRoute):
    """A route whose handler is called again after ShardLost."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler."""
        handle = super().get_route_handler()

        async def handle_again(request: Request) -> Response:
            for _ in range(_ATTEMPTS - 1):
                try:
                    return await handle(request)
                except ShardLost:
                    source: AnswerSource = request.app.state.source
                    source.forget()
            return await handle(request)

        return handle_again
