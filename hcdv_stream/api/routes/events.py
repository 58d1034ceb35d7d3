"""``/v1/events``: server-sent events, one whenever the state, or how current it is, has changed."""

import asyncio
import time
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Self

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from hcdv_stream.api.models.answers import FreshnessEvent, UpdateEvent
from hcdv_stream.api.problems import ProblemError, described
from hcdv_stream.api.routes.dependencies import SourceNow
from hcdv_stream.api.sources.source import AnswerSource, Snapshot
from hcdv_stream.api.views.freshness import Currency

router = APIRouter(tags=["events"])

BEAT_SECONDS = 10.0
"""A comment is sent after so long without news, so that a dead connection is noticed."""
_LOOK_SECONDS = 1.0
_EVENT = {
    "type": "object",
    "properties": {
        "event": {"enum": ["update", "freshness"]},
        "id": {"type": "string", "examples": ["1f0c93ab.0-208.1-204"]},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {
                "oneOf": [
                    {"$ref": "#/components/schemas/UpdateEvent"},
                    {"$ref": "#/components/schemas/FreshnessEvent"},
                ]
            },
        },
        "retry": {"type": "integer"},
    },
}


@router.get(
    "/v1/events",
    response_class=Response,
    responses={
        int(HTTPStatus.OK): {
            "content": {"text/event-stream": {"schema": _EVENT}},
            "description": "A stream of events; the data of `update` is an UpdateEvent, that of "
            "`freshness` a FreshnessEvent.",
        },
        **described(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
    },
)
async def stream_events(
    request: Request,
    source: SourceNow,
    limit: Annotated[
        int | None, Query(ge=1, le=1_000_000, description="End after so many updates.")
    ] = None,
    interval: Annotated[
        float, Query(ge=0, le=3600, description="Least seconds between two updates.")
    ] = 0.0,
    last_event_id: Annotated[
        str | None, Header(description="Of the last event seen: it is not sent again.")
    ] = None,
) -> Response:
    """Tell every update of the state as it becomes visible, the newest one first.

    Each event's id is the `as_of.view` that lists can be asked for `at`. Updates that come faster
    than they are read are skipped: an event is always the newest state. While the state stays the
    same, an event `freshness`, without an id, tells when its lag or its stale partitions change.
    A stream ends after HCDV_API_STREAM_SECONDS; with `Last-Event-ID` the next one goes on there.
    """
    snapshot = await source.current(keep=True)
    end = time.monotonic() + request.app.state.stream_seconds
    events = _events(source, snapshot, last_event_id, limit, interval, end=end)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, headers=headers, media_type="text/event-stream")


async def _events(
    source: AnswerSource,
    snapshot: Snapshot,
    seen: str | None,
    limit: int | None,
    interval: float,
    *,
    end: float,
) -> AsyncIterator[str]:
    yield "retry: 1000\n\n"
    sent, told, quiet = 0, None, 0.0
    async with _Moves(source) as moves:
        while (left := end - time.monotonic()) > 0:
            currency = snapshot.currency()
            known = (currency.lag, currency.stale)
            if snapshot.key != seen:
                yield _update(snapshot, currency)
                told, quiet = known, 0.0
                seen, sent = snapshot.key, sent + 1
                if limit is not None and sent >= limit:
                    return
                await asyncio.sleep(min(interval, left))
            elif known != told:
                yield _freshness(snapshot, currency)
                told, quiet = known, 0.0
            elif quiet >= BEAT_SECONDS:
                yield ": nothing new\n\n"
                quiet = 0.0
            try:
                if await moves.beyond(seen):
                    snapshot = await source.current(keep=True)
                else:
                    quiet += _LOOK_SECONDS
            except ProblemError as problem:
                yield f": {' '.join(problem.detail.split())}\n\n"
                await asyncio.sleep(1.0)


class _Moves:
    """Waits for the state to move on, a second at a time, without beginning anew each time.

    A gateway that is in the middle of asking is not interrupted.
    """

    def __init__(self, source: AnswerSource) -> None:
        self._source = source
        self._waiting: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._waiting is not None:
            self._waiting.cancel()

    async def beyond(self, key: str) -> bool:
        """Return within about a second whether the newest state is another one than this."""
        if self._waiting is None:
            self._waiting = asyncio.create_task(self._moved(key))
        done, _ = await asyncio.wait({self._waiting}, timeout=_LOOK_SECONDS)
        if not done:
            return False
        ended, self._waiting = self._waiting, None
        ended.result()
        return True

    async def _moved(self, key: str) -> None:
        await self._source.moved(key)


def _freshness(snapshot: Snapshot, currency: Currency) -> str:
    data = FreshnessEvent(
        as_of=snapshot.as_of(currency),
        stale_partitions=currency.stale,
        missing_partitions=list(snapshot.missing),
    )
    return f"event: freshness\ndata: {data.model_dump_json()}\n\n"


def _update(snapshot: Snapshot, currency: Currency) -> str:
    newest = max(snapshot.partitions, key=lambda partition: partition.written_at)
    data = UpdateEvent(
        as_of=snapshot.as_of(currency),
        examples=snapshot.size,
        written_at=newest.written_at,
        latency=newest.latency,
        missing_partitions=list(snapshot.missing),
        stale_partitions=currency.stale,
    )
    return f"event: update\nid: {snapshot.key}\ndata: {data.model_dump_json()}\n\n"
