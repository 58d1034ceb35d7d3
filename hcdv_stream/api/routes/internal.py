"""``/internal/v1``: what a gateway asks this process, which answers for its own partitions."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError

from hcdv_stream.api.models.answers import Model
from hcdv_stream.api.models.shards import ShardRequest, ViewState
from hcdv_stream.api.problems import invalid
from hcdv_stream.api.queries.registry import QUERIES
from hcdv_stream.api.routes.dependencies import source_of
from hcdv_stream.api.routes.retry import StrictRoute
from hcdv_stream.api.sources.local import LocalSource
from hcdv_stream.valuation.weights import Weights

router = APIRouter(include_in_schema=False, route_class=StrictRoute)


async def local_source(request: Request) -> LocalSource:
    """Return the source, which is a local one if these routes are installed."""
    source = await source_of(request)
    assert isinstance(source, LocalSource)
    return source


LocalNow = Annotated[LocalSource, Depends(local_source)]


@router.get("/internal/v1/view", response_model=ViewState)
async def read_view(source: LocalNow, at: str | None = None) -> Response:
    """The newest state, or one that was kept; kept again either way."""
    if at is None:
        view = source.view()
        source.keep(view)
    else:
        view = source.kept(at)
    return _json(source.state_of(view))


@router.post("/internal/v1/ask")
async def answer_query(source: LocalNow, request: ShardRequest) -> Response:
    """The answer to a query about some partitions in a view that was kept."""
    query = QUERIES.get(request.query)
    if query is None:
        raise invalid("operation", f"there is no {request.query!r}: are versions the same?")
    view, used = source.kept(request.view), request.weights
    try:
        weights = Weights(used.utility, used.beta, used.lam, used.payout) if used else None
        parameters = query.parameters.model_validate(request.parameters)
        numbers = frozenset(request.partitions)
        shard = source.shard(view, weights, request.corpus_size, numbers)
    except (ValidationError, ValueError) as error:
        raise invalid("asked", str(error)) from error
    return _json(await shard.ask(query, parameters))


def _json(answer: Model) -> Response:
    return Response(answer.model_dump_json(), media_type="application/json")
