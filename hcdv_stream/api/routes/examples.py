"""``/v1/examples`` and ``/v1/history``: examples by id, the ranking, values in the past."""

from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from hcdv_stream.api.executors import run_heavy
from hcdv_stream.api.models.answers import (
    BatchAnswer,
    BatchRequest,
    Example,
    ExampleAnswer,
    ExamplesAnswer,
    HistoryAnswer,
)
from hcdv_stream.api.problems import described, invalid, partition_missing, unknown
from hcdv_stream.api.queries.coalition import COALITION, CoalitionParameters
from hcdv_stream.api.queries.ranking_page import RANKING_PAGE, RankingParameters
from hcdv_stream.api.routes.cursors import Cursor, place_of, query_of, read_cursor
from hcdv_stream.api.routes.dependencies import ReadRequestNow, UnkeptContextNow, plain_context
from hcdv_stream.api.routes.example_ids import ExampleId, ExampleIdAsked
from hcdv_stream.api.routes.paging import CursorText, Limit, next_link
from hcdv_stream.api.routes.retry import RetryRoute
from hcdv_stream.api.sources.merged import MergedCorpus
from hcdv_stream.api.sources.source import ShardLost
from hcdv_stream.api.views.filters import ExampleFilter
from hcdv_stream.api.views.ordering import Column, Order

router = APIRouter(tags=["examples"], route_class=RetryRoute)

_NOT_FOUND = described(HTTPStatus.NOT_FOUND)
Rank = Annotated[bool, Query(description="Also say the rank, which reads every value.")]


@router.get("/v1/history/{id:path}", responses=_NOT_FOUND, response_model=HistoryAnswer)
async def read_history(context: UnkeptContextNow, id: ExampleId) -> Response:
    """How an example's value came to be what it is, read from the states that are kept.

    Values are under the weights asked for, each in the whole corpus of its time. How far back that
    goes is said in the answer: it is bounded by HCDV_API_HISTORY_VIEWS and HCDV_API_HISTORY_MIB,
    and begins with the start of this process.
    """
    await _example(context.corpus, id)
    history, reach = await context.corpus.history(id)
    return context.respond(HistoryAnswer(id=id, history=history, reach=reach, **context.answer()))


@router.get("/v1/history:get", responses=_NOT_FOUND, response_model=HistoryAnswer)
async def read_history_of(context: UnkeptContextNow, id: ExampleIdAsked) -> Response:
    """The same of an example whose id a path cannot hold: `..`, for instance."""
    return await read_history(context, id)


class PlainReadRoute(RetryRoute):
    """The route of an example: most requests have no parameters, and are not searched for any."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler."""
        handle = super().get_route_handler()

        async def handle_plainly(request: Request) -> Response:
            if not request.scope["query_string"]:
                with suppress(ShardLost):  # then it is asked for again, as others are
                    return await read_example(
                        await plain_context(request), request.path_params["id"]
                    )
            return await handle(request)

        return handle_plainly


plain_router = APIRouter(tags=["examples"], route_class=PlainReadRoute)


@plain_router.get("/v1/examples/{id:path}", responses=_NOT_FOUND, response_model=ExampleAnswer)
async def read_example(context: UnkeptContextNow, id: ExampleId, rank: Rank = False) -> Response:
    """One example, by its id."""
    example = await _example(context.corpus, id)
    if rank:
        (example,) = await context.corpus.rank([example])
    return context.respond(ExampleAnswer.model_construct(**dict(example), **context.answer()))


@router.get("/v1/examples:get", responses=_NOT_FOUND, response_model=ExampleAnswer)
async def read_example_of(
    context: UnkeptContextNow, id: ExampleIdAsked, rank: Rank = False
) -> Response:
    """One example whose id a path cannot hold: `..`, for instance."""
    return await read_example(context, id, rank)


@router.post(
    "/v1/examples:batchGet",
    responses=described(HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    response_model=BatchAnswer,
)
async def read_examples(context: UnkeptContextNow, request: BatchRequest) -> Response:
    """Up to 1,000 examples by id, all as of the same updates."""
    found = await context.corpus.find(request.ids)
    names = list(dict.fromkeys(request.ids))
    answer = BatchAnswer.model_construct(
        examples=[found[name] for name in names if name in found],
        missing=[name for name in names if name not in found],
        **context.answer(),
    )
    return context.respond(answer)


async def example_filter(
    *,
    provider: Annotated[
        str | None, Query(description="Only this provider's.", examples=["shop-a"])
    ] = None,
    anonymous: Annotated[bool, Query(description="Only those that name no provider.")] = False,
    label: Annotated[str | None, Query(description="Only this class.", examples=["buy"])] = None,
    coalition: Annotated[
        str | None, Query(description="Only those under this leaf or node.", examples=["p0-n4"])
    ] = None,
    min_value: Annotated[
        float | None, Query(allow_inf_nan=False, description="Only those worth at least that.")
    ] = None,
    max_value: Annotated[
        float | None, Query(allow_inf_nan=False, description="Only those worth at most that.")
    ] = None,
    since: Annotated[
        float | None,
        Query(allow_inf_nan=False, description="Only those of that event time or later, seconds."),
    ] = None,
    until: Annotated[
        float | None,
        Query(allow_inf_nan=False, description="Only those of that event time or earlier."),
    ] = None,
    doubt_above: Annotated[
        float | None,
        Query(ge=0, le=1, description="Only those whose label is doubted more than that."),
    ] = None,
) -> ExampleFilter:
    """Take the conditions that examples must meet, all of them."""
    if anonymous and provider is not None:
        raise invalid(
            "anonymous", "an example without a provider is of no provider: give one of them"
        )
    return ExampleFilter(
        provider=provider,
        anonymous=anonymous,
        label=label,
        coalition=coalition,
        min_value=min_value,
        max_value=max_value,
        since=since,
        until=until,
        doubt_above=doubt_above,
    )


@router.get("/v1/examples", responses=_NOT_FOUND, response_model=ExamplesAnswer)
async def rank_examples(
    *,
    read: ReadRequestNow,
    only: Annotated[ExampleFilter, Depends(example_filter)],
    order: Annotated[
        Order, Query(description="desc: most valuable, or most doubtful, first.", examples=["desc"])
    ] = "desc",
    by: Annotated[
        Column,
        Query(
            description="value, or doubt: how likely the label is wrong. Examples without a doubt "
            "are in no order of doubts."
        ),
    ] = "value",
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """The most or the least valuable examples of the whole corpus, or of those that match.

    All pages are of the state that the first one was answered from.
    """
    query = query_of("examples", read.chosen, only, order, by)
    begun = read_cursor(cursor, query)
    context = await read.context(at=begun.view if begun else None)
    await _check(context.corpus, only)
    after, done = place_of(begun), begun.done if begun else 0
    parameters = RankingParameters(order=order, by=by, limit=limit, after=after, only=only)
    page = await context.corpus.ask(RANKING_PAGE, parameters)
    examples, total = page.examples, page.total
    if only.all and by == "value":
        first = done + 1 if order == "desc" else total - done
        step = 1 if order == "desc" else -1
        ranks = range(first, first + step * len(examples), step)
        examples = await run_heavy(_ranked, examples, ranks)
    elif examples:
        examples = await context.corpus.rank(examples)
    more = None
    if examples and done + len(examples) < total:
        last = examples[-1]
        more = Cursor(
            view=context.snapshot.key,
            query=query,
            place=[getattr(last, by), last.id],
            done=done + len(examples),
        ).text()
    answer = ExamplesAnswer.model_construct(
        examples=examples, total=total, next=more, **context.answer()
    )
    link = next_link(read.request, more)
    return await context.respond_list(lambda: answer, "examples", len(examples), link)


def _ranked(examples: Sequence[Example], ranks: range) -> list[Example]:
    return [
        example.model_copy(update={"rank": rank})
        for example, rank in zip(examples, ranks, strict=True)
    ]


async def _check(corpus: MergedCorpus, only: ExampleFilter) -> None:
    """Raise a problem if a filter names what there is not."""
    classes = corpus.snapshot.classes
    if only.label is not None and only.label not in classes:
        raise invalid("label", f"there is no class {only.label!r}; there are {', '.join(classes)}")
    if only.coalition is not None:
        parameters = CoalitionParameters(id=only.coalition)
        if await corpus.ask(COALITION, parameters) is None:
            raise unknown("coalition", only.coalition)


async def _example(corpus: MergedCorpus, name: str) -> Example:
    found = await corpus.find([name])
    if name not in found:
        if corpus.snapshot.missing:
            raise partition_missing(corpus.snapshot.missing)
        raise unknown("example", name)
    return found[name]
