"""``/v1/providers``, ``/v1/payouts`` and ``/v1/summary``: answers over the whole corpus."""

import math
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from hcdv_stream.api.executors import run_heavy
from hcdv_stream.api.models.answers import (
    ClassCounts,
    Counters,
    PartitionSummary,
    Payout,
    PayoutsAnswer,
    Provider,
    ProvidersAnswer,
    SummaryAnswer,
)
from hcdv_stream.api.models.shards import SummaryPart
from hcdv_stream.api.problems import ProblemError, described
from hcdv_stream.api.routes.cursors import Cursor, question_of, read_cursor
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
from hcdv_stream.api.sources.provider_table import Total

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
    asking: ReadRequestNow, limit: Limit = 1000, cursor: CursorText = None
) -> Response:
    """What every data provider's examples are worth together, most valuable first.

    All pages are of the state that the first one was answered from.
    """
    question = question_of("providers", asking.chosen)
    asked, start = await _begun(asking, cursor, question)
    table = await asked.whole.providers()
    totals, value = table.totals[start : start + limit], table.value
    more = _more(asked, question, start + len(totals), len(table.totals))

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
            providers=providers, value=value, total=len(table.totals), next=more, **asked.answer()
        )

    return await asked.respond_list(
        answer, "providers", len(totals), next_link(asking.request, more)
    )


@router.get("/v1/payouts", responses=described(HTTPStatus.CONFLICT), response_model=PayoutsAnswer)
async def list_payouts(
    asking: ReadRequestNow,
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
    question = question_of("payouts", asking.chosen, amount, anonymous)
    asked, start = await _begun(asking, cursor, question)
    refuse_truncated(asked.snapshot)
    table = await asked.whole.providers()

    async def share_out() -> tuple[list[Total], list[int] | None]:
        totals = [total for total in table.totals if anonymous or total.provider is not None]
        return totals, await run_heavy(shared_out, amount, [total.value for total in totals])

    name = ("payouts", asked.whole.weights, amount, anonymous)
    totals, amounts = await asked.snapshot.remembered.get(name, share_out)
    if amounts is None:
        raise ProblemError(
            HTTPStatus.CONFLICT,
            "nothing-to-share-by",
            "Nobody to pay",
            "no provider's examples are worth more than nothing together: choose other weights",
        )
    stop = start + limit
    chosen = list(zip(totals[start:stop], amounts[start:stop], strict=True))
    more = _more(asked, question, start + len(chosen), len(totals))

    def answer() -> PayoutsAnswer:
        payouts = [
            Payout.model_construct(
                provider=total.provider, points=total.points, value=total.value, amount=part
            )
            for total, part in chosen
        ]
        return PayoutsAnswer.model_construct(
            amount=amount, payouts=payouts, total=len(totals), next=more, **asked.answer()
        )

    return await asked.respond_list(answer, "payouts", len(chosen), next_link(asking.request, more))


async def _begun(asking: ReadRequest, text: str | None, question: int) -> tuple[AnswerContext, int]:
    """Take the state that a cursor goes on in, or the newest, and how many entries come before."""
    cursor = read_cursor(text, question)
    asked = await asking.state(at=cursor.view if cursor else None)
    return asked, cursor.done if cursor else 0


def _more(asked: AnswerContext, question: int, done: int, total: int) -> str | None:
    """Return the cursor of the next page, None on the last one."""
    if done >= total:
        return None
    return Cursor(view=asked.snapshot.key, question=question, place=[], done=done).text()


@router.get("/v1/summary", response_model=SummaryAnswer)
async def read_summary(asked: ContextNow) -> Response:
    """The whole corpus in numbers."""
    parts, snapshot = await asked.whole.summary(), asked.snapshot
    value = math.fsum(each for part in parts for each in part.values)
    total = math.fsum(each for part in parts for each in part.totals)
    partitions = [_fresh(asked, partition) for part in parts for partition in part.partitions]
    answer = SummaryAnswer(
        game=snapshot.game,
        bundle=snapshot.bundle,
        points=snapshot.size,
        leaves=sum(part.leaves for part in parts),
        nodes=sum(part.nodes for part in parts),
        classes=_classes(asked, parts),
        value=value,
        total=total,
        residual=abs(value - total),
        partitions=sorted(partitions, key=lambda one: one.partition),
        left_out=snapshot.left_out(),
        **{name: sum(getattr(part, name) for part in parts) for name in Counters.model_fields},
        **asked.answer(),
    )
    return asked.respond(answer)


def _fresh(asked: AnswerContext, partition: PartitionSummary) -> PartitionSummary:
    """Add how current a partition is."""
    found = {part.partition: part for part in asked.currency.partitions}.get(partition.partition)
    if found is None:
        return partition
    told = {
        "lag": found.lag,
        "age_seconds": found.age,
        "checked_at": found.checked_at,
        "stale": found.stale,
        "since": found.since,
        "reason": found.reason,
    }
    return partition.model_copy(update=told)


def _classes(asked: AnswerContext, parts: list[SummaryPart]) -> list[ClassCounts]:
    snapshot = asked.snapshot
    points = [sum(counts) for counts in zip(*(part.classes for part in parts), strict=True)]
    return [
        ClassCounts(label=label, points=count, validation=judges)
        for label, count, judges in zip(snapshot.classes, points, snapshot.validation, strict=True)
    ]
