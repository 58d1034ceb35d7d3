"""``/v1/events``: server-sent events, one whenever the state has moved on."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse

from hcdv_stream.api.asking import SourceNow
from hcdv_stream.api.models import UpdateEvent
from hcdv_stream.api.problems import ProblemError, described
from hcdv_stream.api.source import Snapshot, Source

router = APIRouter(tags=["events"])

BEAT_SECONDS = 10.0
"""A comment is sent after so long without news, so that a dead connection is noticed."""
_EVENT = {
    "type": "object",
    "properties": {
        "event": {"const": "update"},
        "id": {"type": "string", "examples": ["1f0c93ab.0-208.1-204"]},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/UpdateEvent"},
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
            "description": "A stream of events; the data of `update` is an UpdateEvent.",
        },
        **described(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
    },
)
async def stream_events(
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
    than they are read are skipped: an event is always the newest state.
    """
    snapshot = await source.current(keep=True)
    events = _events(source, snapshot, last_event_id, limit, interval)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, headers=headers, media_type="text/event-stream")


async def _events(
    source: Source, snapshot: Snapshot, seen: str | None, limit: int | None, interval: float
) -> AsyncIterator[str]:
    yield "retry: 1000\n\n"
    sent = 0
    while True:
        if snapshot.key != seen:
            yield _event(snapshot)
            seen, sent = snapshot.key, sent + 1
            if limit is not None and sent >= limit:
                return
            await asyncio.sleep(interval)
        try:
            async with asyncio.timeout(BEAT_SECONDS):
                await source.moved(seen)
            snapshot = await source.current(keep=True)
        except TimeoutError:
            yield ": nothing new\n\n"
        except ProblemError as problem:
            yield f": {' '.join(problem.detail.split())}\n\n"
            await asyncio.sleep(1.0)


def _event(snapshot: Snapshot) -> str:
    newest = max(snapshot.partitions, key=lambda partition: partition.written_at)
    data = UpdateEvent(
        as_of=snapshot.as_of,
        points=snapshot.size,
        written_at=newest.written_at,
        latency=newest.latency,
        missing_partitions=list(snapshot.missing),
    )
    return f"event: update\nid: {snapshot.key}\ndata: {data.model_dump_json()}\n\n"
