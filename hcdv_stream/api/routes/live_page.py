"""``/v1/tree``, ``/v1/distribution``, ``/v1/why`` and ``/v1/updates``: what the live page shows."""

from http import HTTPStatus
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Response

from hcdv_stream.api.models.live_page import (
    DistributionAnswer,
    TreeAnswer,
    UpdatesAnswer,
    WhyAnswer,
)
from hcdv_stream.api.problems import described, invalid, partition_missing, unknown
from hcdv_stream.api.queries.extremes import EXTREMES
from hcdv_stream.api.queries.query import NoParameters
from hcdv_stream.api.queries.spread import SPREAD, SpreadParameters
from hcdv_stream.api.queries.tree import TREE, TreeParameters
from hcdv_stream.api.queries.updates import UPDATES
from hcdv_stream.api.queries.why import WHY, WhyParameters
from hcdv_stream.api.routes.dependencies import ContextNow, SourceNow, UnkeptContextNow
from hcdv_stream.api.routes.example_ids import ExampleId, ExampleIdAsked
from hcdv_stream.api.routes.retry import RetryRoute
from hcdv_stream.api.sources.merged import MergedCorpus
from hcdv_stream.valuation.tree.coalition_ids import parse_id

router = APIRouter(tags=["live page"], route_class=RetryRoute)

Mates = Annotated[int, Query(ge=0, le=1000, description="Most examples of its leaf to name.")]

_NOT_FOUND = described(HTTPStatus.NOT_FOUND)


@router.get("/v1/tree", responses=_NOT_FOUND, response_model=TreeAnswer)
async def read_tree(
    context: ContextNow,
    root: Annotated[
        str | None,
        Query(description="The coalition at the top; default: all roots.", examples=["p0-n4"]),
    ] = None,
    depth: Annotated[int, Query(ge=0, le=64, description="Levels below the top.")] = 3,
    limit: Annotated[
        int, Query(ge=1, le=20_000, description="Most coalitions of a partition.")
    ] = 1000,
) -> Response:
    """The tree of coalitions with sizes and values, level by level.

    Levels are given whole, from the top, while no more than `limit` coalitions of a partition come
    together; `children` tells where it goes on below.
    """
    parameters = TreeParameters(root=root, depth=depth, limit=limit)
    tree = await context.corpus.ask(TREE, parameters)
    if tree is None:
        named = parse_id(root or "")
        if named and named.partition in context.snapshot.missing:
            raise partition_missing([named.partition])
        raise unknown("coalition", root or "")
    columns = {name: getattr(tree, name) for name in TreeAnswer.model_fields if hasattr(tree, name)}
    labels = list(context.snapshot.classes)
    return context.respond(TreeAnswer.model_construct(labels=labels, **columns, **context.answer()))


@router.get("/v1/distribution", response_model=DistributionAnswer)
async def read_distribution(
    context: ContextNow,
    low: Annotated[
        float | None,
        Query(allow_inf_nan=False, description="The lowest edge; default: the lowest value."),
    ] = None,
    high: Annotated[
        float | None,
        Query(allow_inf_nan=False, description="The highest edge; default: the highest value."),
    ] = None,
    bins: Annotated[int, Query(ge=1, le=1000, description="How many, of equal width.")] = 50,
) -> Response:
    """How many examples of each class are worth how much."""
    low, high = await _bounds(context.corpus, low, high)
    edges = np.linspace(low, high, bins + 1)
    if not (np.diff(edges) > 0).all():
        raise invalid("high", "it must be above low, by more than rounding")
    spread = await context.corpus.ask(SPREAD, SpreadParameters(edges=edges.tolist()))
    labels = list(context.snapshot.classes)
    answer = DistributionAnswer(
        labels=labels, edges=edges.tolist(), **spread.model_dump(), **context.answer()
    )
    return context.respond(answer)


async def _bounds(
    corpus: MergedCorpus, low: float | None, high: float | None
) -> tuple[float, float]:
    if low is not None and high is not None:
        return low, high
    found = await corpus.ask(EXTREMES, NoParameters())
    least, most = (found.least or 0.0), (found.most or 0.0)
    low, high = (least if low is None else low), (most if high is None else high)
    # Where all values are one and the same, a bin around it.
    return (low, high) if low != high else (low - 0.5, high + 0.5)


@router.get("/v1/why/{id:path}", responses=_NOT_FOUND, response_model=WhyAnswer)
async def read_why(
    context: UnkeptContextNow,
    id: ExampleId,
    mates: Mates = 64,
) -> Response:
    """Why an example is worth what it is: evaluators, neighbours and coalitions.

    Its value is the sum of what trusted evaluators and peers of each class give it, and of the
    contrast. Trusted evaluators are told by number only: who they are is in the bundle, not in the
    state.
    """
    found = await context.corpus.ask(WHY, WhyParameters(id=id, mates=mates))
    if found is None:
        if context.snapshot.missing:
            raise partition_missing(context.snapshot.missing)
        raise unknown("example", id)
    (example,) = await context.corpus.rank([found.example])
    said = {**dict(found), "example": example}
    return context.respond(WhyAnswer.model_construct(**said, **context.answer()))


@router.get("/v1/why:get", responses=_NOT_FOUND, response_model=WhyAnswer)
async def read_why_of(context: UnkeptContextNow, id: ExampleIdAsked, mates: Mates = 64) -> Response:
    """The same of an example whose id a path cannot hold: `..`, for instance."""
    return await read_why(context, id, mates)


@router.get("/v1/updates", response_model=UpdatesAnswer)
async def list_updates(source: SourceNow) -> Response:
    """When the updates that are still kept were written, and how soon after they came.

    They are dense near now and sparse before, and begin with the start of this process.
    """
    snapshot = await source.current(keep=True)
    updates = await MergedCorpus(snapshot, None).ask(UPDATES, NoParameters())
    answer = UpdatesAnswer(updates=updates, missing_partitions=list(snapshot.missing))
    headers = {"Cache-Control": "no-store"}
    return Response(answer.model_dump_json(), media_type="application/json", headers=headers)
