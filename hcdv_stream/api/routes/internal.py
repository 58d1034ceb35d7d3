"""``/internal/v1``: what a gateway asks this process, which answers for its own partitions."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError

from hcdv_stream.api.models.answers import Model
from hcdv_stream.api.models.shards import OPERATIONS, ShardQuestion, ViewState
from hcdv_stream.api.problems import invalid
from hcdv_stream.api.routes.dependencies import source_of
from hcdv_stream.api.sources.local import LocalSource
from hcdv_stream.valuation.weights import Weights

router = APIRouter(include_in_schema=False)


async def local_source(request: Request) -> LocalSource:
    """Return the source, which is a local one where these routes are installed."""
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
async def answer_question(source: LocalNow, question: ShardQuestion) -> Response:
    """The answer to a question about some partitions in a state that was kept."""
    operation = OPERATIONS.get(question.operation)
    if operation is None:
        raise invalid("operation", f"there is no {question.operation!r}: are versions the same?")
    view, used = source.kept(question.view), question.weights
    try:
        weights = Weights(used.utility, used.beta, used.lam) if used else None
        asked = operation.asked.model_validate(question.asked)
        shard = source.shard(view, weights, question.whole, frozenset(question.partitions))
    except (ValidationError, ValueError) as error:
        raise invalid("asked", str(error)) from error
    return _json(await shard.ask(operation, asked))


def _json(answer: Model) -> Response:
    return Response(answer.model_dump_json(), media_type="application/json")
