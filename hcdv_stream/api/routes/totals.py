"""``/v1/providers``, ``/v1/payouts`` and ``/v1/summary``: answers over the whole corpus."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from hcdv_stream.api.executors import run_heavy
from hcdv_stream.api.models.answers import (
    ClassCounts,
    PartitionSummary,
    Payout,
    PayoutsAnswer,
    Provider,
    ProvidersAnswer,
    SummaryAnswer,
)
from hcdv_stream.api.problems import ProblemError, described
from hcdv_stream.api.queries.providers import ProviderTotal
from hcdv_stream.api.queries.query import NoParameters
from hcdv_stream.api.queries.summary import SUMMARY, CorpusSummary
from hcdv_stream.api.routes.cursors import Cursor, query_of, read_cursor
from hcdv_stream.api.routes.dependencies import (
    AnswerContext,
    ContextNow,
    ReadRequest,
    ReadRequestNow,
    refuse_truncated,
)
from hcdv_stream.api.routes.paging import CursorText, Limit, next_link
from hcdv_stream.api.routes.payouts import shared_out
from hcdv_stream.api.routes.retry import Retrying
from hcdv_stream.api.sources.source import Snapshot

router = APIRouter(tags=["totals"], route_class=Retrying)

Amount = Annotated[
    int,
    Query(
        ge=0,
        le=10**15,
        description="What is to be paid, in minor units: cents, for instance.",
        examples=[100000],
    ),
]


@router.get("/v1/providers", response_model=ProvidersAnswer)
async def list_providers(
    read: ReadRequestNow, limit: Limit = 1000, cursor: CursorText = None
) -> Response:
    """What every data provider's examples are worth together, most valuable first.

    All pages are of the state that the first one was answered from.
    """
    query = query_of("providers", read.chosen)
    context, start = await _begun(read, cursor, query)
    table = await context.corpus.providers()
    totals, value = table.totals[start : start + limit], table.value
    more = _more(context, query, start + len(totals), len(table.totals))

    def answer() -> ProvidersAnswer:
        providers = [
            Provider.model_construct(
                provider=total.provider,
                points=total.points,
                value=total.value,
                share=total.value / value if value > 0 else None,
                stderr=total.stderr,
                arrivals=total.arrivals,
                copies=total.copies,
                foreign_ids=total.foreign,
            )
            for total in totals
        ]
        return ProvidersAnswer.model_construct(
            providers=providers, value=value, total=len(table.totals), next=more, **context.answer()
        )

    return await context.respond_list(
        answer, "providers", len(totals), next_link(read.request, more)
    )


@router.get("/v1/payouts", responses=described(HTTPStatus.CONFLICT), response_model=PayoutsAnswer)
async def list_payouts(
    read: ReadRequestNow,
    amount: Amount,
    anonymous: Annotated[
        bool, Query(description="Whether examples that name no provider have a part of their own.")
    ] = True,
    limit: Limit = 1000,
    cursor: CursorText = None,
) -> Response:
    """An amount among the providers, in proportion to their values, to the last minor unit.

    Whose examples are worth less than nothing together is paid nothing and owes nothing: the amount
    is shared among the others. Where nobody's are worth more than nothing there is nothing to go
    by, and the answer is a 409. Each is paid the whole units of its part; units that are left go to
    the largest remainders, ties in the order of the list. The amount is that of all pages together.
    A truncated corpus, which lacks what its log held at the beginning, is no ground to pay by: the
    answer is a 409 too.
    """
    query = query_of("payouts", read.chosen, amount, anonymous)
    context, start = await _begun(read, cursor, query)
    refuse_truncated(context.snapshot)
    table = await context.corpus.providers()

    async def share_out() -> tuple[list[ProviderTotal], list[int] | None]:
        totals = [total for total in table.totals if anonymous or total.provider is not None]
        return totals, await run_heavy(shared_out, amount, [total.value for total in totals])

    name = ("payouts", context.corpus.weights, amount, anonymous)
    totals, amounts = await context.snapshot.remembered.get(name, share_out)
    if amounts is None:
        raise ProblemError(
            HTTPStatus.CONFLICT,
            "nothing-to-share-by",
            "Nobody to pay",
            "no provider's examples are worth more than nothing together: choose other weights",
        )
    stop = start + limit
    chosen = list(zip(totals[start:stop], amounts[start:stop], strict=True))
    more = _more(context, query, start + len(chosen), len(totals))

    def answer() -> PayoutsAnswer:
        payouts = [
            Payout.model_construct(
                provider=total.provider, points=total.points, value=total.value, amount=part
            )
            for total, part in chosen
        ]
        return PayoutsAnswer.model_construct(
            amount=amount, payouts=payouts, total=len(totals), next=more, **context.answer()
        )

    return await context.respond_list(answer, "payouts", len(chosen), next_link(read.request, more))


async def _begun(read: ReadRequest, text: str | None, query: int) -> tuple[AnswerContext, int]:
    """Take the state that a cursor goes on in, or the newest, and how many entries come before."""
    cursor = read_cursor(text, query)
    context = await read.context(at=cursor.view if cursor else None)
    return context, cursor.done if cursor else 0


def _more(context: AnswerContext, query: int, done: int, total: int) -> str | None:
    """Return the cursor of the next page, None on the last one."""
    if done >= total:
        return None
    return Cursor(view=context.snapshot.key, query=query, place=[], done=done).text()


@router.get("/v1/summary", response_model=SummaryAnswer)
async def read_summary(context: ContextNow) -> Response:
    """The whole corpus in numbers."""
    summary, snapshot = await context.corpus.ask(SUMMARY, NoParameters()), context.snapshot
    answer = SummaryAnswer(
        game=snapshot.game,
        bundle=snapshot.bundle,
        points=snapshot.size,
        leaves=summary.leaves,
        nodes=summary.nodes,
        classes=[
            ClassCounts(label=label, points=points, validation=evaluators)
            for label, points, evaluators in zip(
                snapshot.classes, summary.classes, _fewest(summary, snapshot), strict=True
            )
        ],
        value=summary.value,
        total=summary.total,
        residual=abs(summary.value - summary.total),
        partitions=[_fresh(context, partition) for partition in summary.partitions],
        diverging=[alarm for one in summary.partitions for alarm in one.diverging],
        left_out=snapshot.left_out(),
        **summary.counters,
        **context.answer(),
    )
    return context.respond(answer)


def _fewest(summary: CorpusSummary, snapshot: Snapshot) -> list[int]:
    """Return evaluators by class in the partition that has fewest; V moves in each by itself."""
    told = [one.evaluators for one in summary.partitions if one.evaluators]
    if len(told) < len(summary.partitions):  # an API of an older version does not say
        return list(snapshot.validation)
    return [min(counts) for counts in zip(*told, strict=True)]


def _fresh(context: AnswerContext, partition: PartitionSummary) -> PartitionSummary:
    """Add how current a partition is."""
    partitions = {one.partition: one for one in context.currency.partitions}
    found = partitions.get(partition.partition)
    if found is None:
        return partition
    freshness = {
        "lag": found.lag,
        "age_seconds": found.age,
        "checked_at": found.checked_at,
        "stale": found.stale,
        "since": found.since,
        "reason": found.reason,
    }
    return partition.model_copy(update=freshness)
