"""``/v1/payouts``: a pot among the providers, by what V alone says of their own examples."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Annotated, NamedTuple

import numpy as np
from fastapi import APIRouter, Depends, Query, Response

from hcdv_stream.api.executors import run_heavy
from hcdv_stream.api.models.payouts import Payout, PayoutsAnswer, PayoutsRequest
from hcdv_stream.api.problems import ProblemError, described, invalid, without_evaluators
from hcdv_stream.api.queries.coalitions import COALITIONS, CoalitionsParameters
from hcdv_stream.api.queries.providers import ProviderTable
from hcdv_stream.api.queries.query import NoParameters
from hcdv_stream.api.queries.without_evaluators import WITHOUT_EVALUATORS
from hcdv_stream.api.routes.cursors import query_of
from hcdv_stream.api.routes.dependencies import (
    AnswerContext,
    ReadRequest,
    ReadRequestNow,
    refuse_truncated,
)
from hcdv_stream.api.routes.pages import begin_page, next_cursor
from hcdv_stream.api.routes.paging import CursorText, Limit, next_link
from hcdv_stream.api.routes.retry import RetryRoute
from hcdv_stream.api.sources.merged import MergedCorpus
from hcdv_stream.valuation.drift.evaluator_shortage import has_a_say
from hcdv_stream.valuation.settlement import (
    LEAST_CERTAINTY,
    Rule,
    Settlement,
    is_certain,
    margins,
    settle,
)

router = APIRouter(tags=["totals"], route_class=RetryRoute)

Amount = Annotated[
    int,
    Query(
        ge=0,
        le=10**15,
        description="The pot: what is to be paid, in minor units: cents, for instance.",
        examples=[100000],
    ),
]
Anonymous = Annotated[
    bool, Query(description="Whether examples that name no provider have an account of their own.")
]
RuleOf = Annotated[
    Rule,
    Query(
        description="`balance`: accounts below 0 are paid nothing and carry that over, for "
        "settlements between parties that know each other. `margin`: accounts are paid by "
        "Σφ − √Σφ² and nothing is carried, for names that anybody can make up.",
        examples=["balance"],
    ),
]
Uncertain = Annotated[
    bool,
    Query(
        description="Pay also if V does not tell the corpus from chance: if `value` is less than "
        "three times `value_stderr`."
    ),
]


@dataclass(frozen=True, slots=True)
class PayoutsQuery:
    """What of ``/v1/payouts`` a client chooses."""

    read: ReadRequest
    amount: int
    anonymous: bool
    rule: Rule
    uncertain: bool
    limit: int
    cursor: str | None


async def payouts_query(
    *,
    read: ReadRequestNow,
    amount: Amount,
    anonymous: Anonymous = True,
    rule: RuleOf = "balance",
    uncertain: Uncertain = False,
    limit: Limit = 1000,
    cursor: CursorText = None,
) -> PayoutsQuery:
    """Take the parameters; unless others are chosen, values have the weights of payouts."""
    chosen = replace(read.chosen, usual_preset="payout")
    read = replace(read, chosen=chosen)
    return PayoutsQuery(read, amount, anonymous, rule, uncertain, limit, cursor)


PayoutsQueryNow = Annotated[PayoutsQuery, Depends(payouts_query)]


class Accounts(NamedTuple):
    """Who is paid, in the order of the list: names, numbers of examples, values, and how much."""

    names: list[str | None]
    examples: list[int]
    values: list[float]
    settlement: Settlement | None


@router.get("/v1/payouts", responses=described(HTTPStatus.CONFLICT), response_model=PayoutsAnswer)
async def list_payouts(query: PayoutsQueryNow) -> Response:
    """A pot among the providers, by value, to the last minor unit.

    Values have the weights of payouts unless `beta` or `lambda` say otherwise: V alone evaluates,
    what chance gives is taken off, and an exact copy of an earlier example is worth nothing. A
    claim is a provider's value at one rate, that at which the payments add up to the amount. A
    claim below 0 is paid nothing and becomes the balance, which POST takes into account the next
    time.
    Units that are left go to the largest remainders, ties in the order of the list. Where nobody's
    examples are worth more than nothing there is nothing to go by, and the answer is a 409. So it
    is if V does not tell the corpus from chance, since payments would follow luck: if `value` is
    less than three standard errors. A
    truncated corpus, which lacks what its log held at the beginning, is no ground to pay by: the
    answer is a 409 too, and so is a V without evaluators of a class that has examples.
    """
    return await _answer(query, {})


@router.post(
    "/v1/payouts",
    responses=described(
        HTTPStatus.CONFLICT, HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    ),
    response_model=PayoutsAnswer,
)
async def settle_payouts(query: PayoutsQueryNow, request: PayoutsRequest) -> Response:
    """The same after balances that were carried over; nothing is stored.

    A provider's claim is its value at one rate plus its balance. Whoever is not in the corpus any
    more keeps the balance.
    """
    balances = {one.provider: one.balance for one in request.balances if one.balance}
    named = [one.provider for one in request.balances]
    if len(set(named)) < len(named):
        raise invalid("balances", "a provider has two balances: add them up")
    if None in balances and not query.anonymous:
        raise invalid("balances", "anonymous=false has no account without a provider: leave it out")
    if balances and query.rule == "margin":
        raise invalid("balances", "rule=margin carries no balances: leave them out")
    return await _answer(query, balances)


async def _answer(query: PayoutsQuery, balances: Mapping[str | None, int]) -> Response:
    read, carried = query.read, tuple(balances.items())
    name = query_of("payouts", read.chosen, query.amount, query.anonymous, query.rule, carried)
    context, start = await begin_page(read, query.cursor, name)
    refuse_truncated(context.snapshot)
    await _refuse_without_evaluators(context.corpus)
    table = await context.corpus.providers(squares=query.rule == "margin")

    async def share_out() -> Accounts:
        return await run_heavy(_settled, table, query, balances)

    kept = ("payouts", context.corpus.weights, query.amount, query.anonymous, query.rule, carried)
    accounts = await context.snapshot.remembered.get(kept, share_out)
    settlement = accounts.settlement
    if settlement is None:
        raise ProblemError(
            HTTPStatus.CONFLICT,
            "nothing-to-share-by",
            "Nobody to pay",
            "no provider's examples are worth more than nothing together: choose other weights",
        )
    stderr = await _value_stderr(context)
    if query.amount and not query.uncertain and not _tells(table.value, stderr):
        raise ProblemError(
            HTTPStatus.CONFLICT,
            "uncertain-values",
            "V does not tell the corpus from chance",
            f"all examples together are worth {table.value:.3g} with a standard error of "
            f"{stderr:.3g}; payments would follow luck below {LEAST_CERTAINTY:g} standard errors: "
            "make V larger, leave out providers of negative value, or pay with uncertain=true",
        )
    rows = range(start, min(start + query.limit, len(accounts.names)))
    more = next_cursor(context, name, start + len(rows), len(accounts.names))

    def answer() -> PayoutsAnswer:
        payouts = [
            Payout.model_construct(
                provider=accounts.names[row],
                examples=accounts.examples[row],
                value=accounts.values[row],
                amount=settlement.amounts[row],
                balance=settlement.balances[row],
            )
            for row in rows
        ]
        return PayoutsAnswer.model_construct(
            amount=query.amount,
            rule=query.rule,
            rate=settlement.rate,
            carried=sum(settlement.balances),
            value=table.value,
            value_stderr=stderr,
            copies=table.copies,
            payouts=payouts,
            total=len(accounts.names),
            next=more,
            **context.answer(),
        )

    return await context.respond_list(answer, "payouts", len(rows), next_link(read.request, more))


async def _value_stderr(context: AnswerContext) -> float | None:
    """Return the standard error of v(D); all partitions have one V, so errors add up."""
    weights = context.corpus.weights
    if weights is None or not weights.payout:
        return None
    most = len(context.snapshot.partitions)
    page = await context.corpus.ask(COALITIONS, CoalitionsParameters(kind="root", limit=most))
    return math.fsum(root.stderr for root in page.coalitions)


def _tells(value: float, stderr: float | None) -> bool:
    return stderr is None or is_certain(value, stderr)


async def _refuse_without_evaluators(corpus: MergedCorpus) -> None:
    """Raise a problem if V says nothing of a class that has examples and a say."""
    found = await corpus.ask(WITHOUT_EVALUATORS, NoParameters())
    utility = corpus.weights.utility if corpus.weights else ""
    missing = {
        one.partition: labels
        for one in found
        if (labels := [label for label in one.labels if has_a_say(label, utility)])
    }
    if missing:
        raise without_evaluators(missing)


def _settled(
    table: ProviderTable, query: PayoutsQuery, balances: Mapping[str | None, int]
) -> Accounts:
    paid = table if query.anonymous else table.named()
    known = {row[0] for row in paid.rows}
    gone = [name for name in balances if name not in known]
    names = [*(row[0] for row in paid.rows), *gone]
    values = [*paid.values(), *(0.0 for _ in gone)]
    claims = values
    if query.rule == "margin":
        claims = margins(np.array(values), np.array(paid.squares())).tolist()
    carried = [balances.get(name, 0) for name in names] if balances else None
    settlement = settle(query.amount, claims, carried)
    if settlement and query.rule == "margin":
        settlement = replace(settlement, balances=[0] * len(names))
    examples = [*(row[1] for row in paid.rows), *(0 for _ in gone)]
    return Accounts(names, examples, values, settlement)
