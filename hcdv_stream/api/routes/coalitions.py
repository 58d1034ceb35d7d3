"""``/v1/coalitions``: leaves and inner nodes of the partitions' trees."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from hcdv_stream.api.models.answers import CoalitionAnswer, CoalitionsAnswer
from hcdv_stream.api.problems import described, invalid, partition_missing, unknown
from hcdv_stream.api.queries.coalition import COALITION, CoalitionParameters
from hcdv_stream.api.queries.coalitions import (
    COALITIONS,
    CoalitionPlace,
    CoalitionsParameters,
    Kind,
)
from hcdv_stream.api.routes.cursors import Cursor, query_of, read_cursor
from hcdv_stream.api.routes.dependencies import ContextNow, ReadRequestNow
from hcdv_stream.api.routes.paging import CursorText, Limit, next_link
from hcdv_stream.api.routes.retry import RetryRoute
from hcdv_stream.valuation.tree.coalition_ids import parse_id

router = APIRouter(tags=["coalitions"], route_class=RetryRoute)


@router.get("/v1/coalitions", response_model=CoalitionsAnswer)
async def list_coalitions(
    read: ReadRequestNow,
    kind: Annotated[
        Kind | None,
        Query(
            description="Only these; root: one for each partition, which add up to the whole.",
            examples=["leaf"],
        ),
    ] = None,
    partition: Annotated[
        int | None, Query(ge=0, le=1_000_000_000, description="Only this partition's.")
    ] = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """Coalitions, most valuable first, ties by partition and number."""
    query = query_of("coalitions", read.chosen, kind, partition)
    begun = read_cursor(cursor, query)
    context = await read.context(at=begun.view if begun else None)
    parameters = CoalitionsParameters(
        kind=kind, partition=partition, limit=limit, after=_place(begun)
    )
    page = await context.corpus.ask(COALITIONS, parameters)
    coalitions, total = page.coalitions, page.total
    done, more = (begun.done if begun else 0) + len(coalitions), None
    if coalitions and done < total:
        last = coalitions[-1]
        place = [last.value, last.id]
        more = Cursor(view=context.snapshot.key, query=query, place=place, done=done).text()
    answer = CoalitionsAnswer(coalitions=coalitions, total=total, next=more, **context.answer())
    return context.respond(answer, next_link(read.request, more))


@router.get(
    "/v1/coalitions/{id}",
    responses=described(HTTPStatus.NOT_FOUND),
    response_model=CoalitionAnswer,
)
async def read_coalition(
    context: ContextNow, id: Annotated[str, Path(description="Its id.", examples=["p0-n4"])]
) -> Response:
    """One coalition, with its children and the way down to it."""
    found = await context.corpus.ask(COALITION, CoalitionParameters(id=id))
    if found is None:
        named = parse_id(id)
        if named and named.partition in context.snapshot.missing:
            raise partition_missing([named.partition])
        raise unknown("coalition", id)
    return context.respond(CoalitionAnswer(**dict(found), **context.answer()))


def _place(cursor: Cursor | None) -> CoalitionPlace | None:
    if cursor is None:
        return None
    try:
        value, name = cursor.place
        named = parse_id(str(name))
        if named is None:
            raise ValueError
        return CoalitionPlace(
            value=float(value), partition=named.partition, number=named.number, leaf=named.leaf
        )
    except ValueError as error:
        raise invalid("cursor", "it belongs to another list") from error
