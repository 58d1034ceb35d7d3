"""``/v1/providers`` and ``/v1/summary``: answers over the whole corpus."""

from fastapi import APIRouter, Response

from hcdv_stream.api.models.answers import Provider, ProvidersAnswer
from hcdv_stream.api.models.summary import ClassCounts, PartitionSummary, SummaryAnswer
from hcdv_stream.api.queries.query import NoParameters
from hcdv_stream.api.queries.summary import SUMMARY, CorpusSummary
from hcdv_stream.api.routes.cursors import query_of
from hcdv_stream.api.routes.dependencies import AnswerContext, ContextNow, ReadRequestNow
from hcdv_stream.api.routes.pages import begin_page, next_cursor
from hcdv_stream.api.routes.paging import CursorText, Limit, next_link
from hcdv_stream.api.routes.retry import RetryRoute
from hcdv_stream.api.sources.source import Snapshot

router = APIRouter(tags=["totals"], route_class=RetryRoute)


@router.get("/v1/providers", response_model=ProvidersAnswer)
async def list_providers(
    read: ReadRequestNow, limit: Limit = 1000, cursor: CursorText = None
) -> Response:
    """What every data provider's examples are worth together, most valuable first.

    All pages are of the state that the first one was answered from.
    """
    query = query_of("providers", read.chosen)
    context, start = await begin_page(read, cursor, query)
    table = await context.corpus.providers()
    totals, value = table.page(start, start + limit), table.value
    more = next_cursor(context, query, start + len(totals), len(table.rows))

    def answer() -> ProvidersAnswer:
        providers = [
            Provider.model_construct(
                provider=total.provider,
                examples=total.examples,
                value=total.value,
                share=total.value / value if value > 0 else None,
                stderr=total.stderr,
                arrivals=total.arrivals,
                copies=total.copies,
                foreign_ids=total.foreign,
                mean_doubt=total.doubts.mean,
                doubtful=total.doubtful,
                doubtful_share=total.doubts.doubtful_share,
            )
            for total in totals
        ]
        return ProvidersAnswer.model_construct(
            providers=providers, value=value, total=len(table.rows), next=more, **context.answer()
        )

    return await context.respond_list(
        answer, "providers", len(totals), next_link(read.request, more)
    )


@router.get("/v1/summary", response_model=SummaryAnswer)
async def read_summary(context: ContextNow) -> Response:
    """The whole corpus in numbers."""
    summary, snapshot = await context.corpus.ask(SUMMARY, NoParameters()), context.snapshot
    answer = SummaryAnswer(
        game=snapshot.game,
        bundle=snapshot.bundle,
        examples=snapshot.size,
        leaves=summary.leaves,
        nodes=summary.nodes,
        classes=[
            ClassCounts(label=label, examples=examples, validation=evaluators)
            for label, examples, evaluators in zip(
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
