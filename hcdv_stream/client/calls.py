"""Calls as values: what is asked, and how its answer is read. Both clients send these."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, TypedDict, TypeVar
from urllib.parse import quote

from hcdv_stream.api.models.answers import (
    BatchAnswer,
    BatchRequest,
    CoalitionAnswer,
    CoalitionsAnswer,
    ExampleAnswer,
    ExamplesAnswer,
    HistoryAnswer,
    Model,
    PageAnswer,
    ProvidersAnswer,
    Readiness,
    SelectAnswer,
)
from hcdv_stream.api.models.payouts import Balance, PayoutsAnswer, PayoutsRequest
from hcdv_stream.api.models.summary import SummaryAnswer
from hcdv_stream.api.models.suspects import SuspectsAnswer
from hcdv_stream.valuation.settlement import Rule
from hcdv_stream.valuation.weights import Weights

Order = Literal["desc", "asc"]
Column = Literal["value", "doubt"]
Kind = Literal["leaf", "node", "root"]
Strategy = Literal["spread", "top"]
Format = Literal["ndjson", "csv", "arrow"]
MOST_IDS = 1000
"""Ids that one call may name."""

_PLAIN = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*")
"""Ids that are the same in a path, encoded or not."""

AnswerModel = TypeVar("AnswerModel", bound=Model)
Page = TypeVar("Page", bound=PageAnswer)


class ReadOptions(TypedDict, total=False):
    """How every value may be asked for.

    ``weights``: other than the API's own; ``at``: the state of an earlier list's ``as_of.view``;
    ``min_offset``: by partition, or for all, what ``as_of.offsets`` must be at least; ``max_lag``:
    what ``as_of.lag`` may be at most; ``max_age``: what ``as_of.age_seconds`` may be at most;
    ``complete``: refuse an answer unless every partition is in it and kept current. Where nobody
    knows how current the state is, all three refuse.
    """

    weights: Weights | None
    at: str | None
    min_offset: Mapping[int, int] | int | None
    max_lag: int | None
    max_age: float | None
    complete: bool


class Conditions(TypedDict, total=False):
    """Which examples are meant: those that meet every condition."""

    provider: str | None
    anonymous: bool | None
    label: str | None
    coalition: str | None
    min_value: float | None
    max_value: float | None
    since: float | None
    until: float | None
    doubt_above: float | None


class SuspectConditions(TypedDict, total=False):
    """Which suspects are meant: those that meet every condition."""

    provider: str | None
    anonymous: bool | None
    label: str | None


@dataclass(frozen=True, slots=True)
class Call(Generic[AnswerModel]):
    """One request; ``model`` reads its answer."""

    path: str
    model: type[AnswerModel]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    body: bytes | None = None

    @property
    def method(self) -> str:
        """GET, or POST where there is a body; neither changes anything."""
        return "GET" if self.body is None else "POST"


def example(id: str, rank: bool, options: ReadOptions) -> Call[ExampleAnswer]:
    """Ask for one example."""
    path, named = _addressed("/v1/examples", id)
    return Call(path, ExampleAnswer, _all(options, rank=rank or None, **named))


def history(id: str, options: ReadOptions) -> Call[HistoryAnswer]:
    """Ask for what an example was worth."""
    path, named = _addressed("/v1/history", id)
    return Call(path, HistoryAnswer, _all(options, **named))


def _addressed(path: str, id: str) -> tuple[str, Mapping[str, str]]:
    """Return where an example is asked for, and with which parameters.

    Most ids are a part of the path; one that a client or a proxy on the way might change is not.
    """
    if _PLAIN.fullmatch(id):
        return f"{path}/{id}", {}
    return f"{path}:get", {"id": id}


def batches(ids: Iterable[str], options: ReadOptions) -> list[Call[BatchAnswer]]:
    """Ask for any number of examples, so many in a call."""
    names = list(dict.fromkeys(ids))
    parts = (names[at : at + MOST_IDS] for at in range(0, len(names), MOST_IDS))
    return [
        Call(
            "/v1/examples:batchGet",
            BatchAnswer,
            _all(options),
            BatchRequest(ids=part).model_dump_json().encode(),
        )
        for part in parts
    ]


def examples(
    order: Order, by: Column, limit: int, only: Conditions, options: ReadOptions
) -> Call[ExamplesAnswer]:
    """Ask for a page of the ranking."""
    column = None if by == "value" else by
    parameters = _all(options, order=order, by=column, limit=limit, **only)
    return Call("/v1/examples", ExamplesAnswer, parameters)


def suspects(
    threshold: float, limit: int, only: SuspectConditions, options: ReadOptions
) -> Call[SuspectsAnswer]:
    """Ask for a page of the examples whose label is probably wrong."""
    parameters = _all(options, threshold=threshold, limit=limit, **only)
    return Call("/v1/suspects", SuspectsAnswer, parameters)


def coalitions(
    kind: Kind | None, partition: int | None, limit: int, options: ReadOptions
) -> Call[CoalitionsAnswer]:
    """Ask for a page of the coalitions."""
    parameters = _all(options, kind=kind, partition=partition, limit=limit)
    return Call("/v1/coalitions", CoalitionsAnswer, parameters)


def coalition(id: str, options: ReadOptions) -> Call[CoalitionAnswer]:
    """Ask for one coalition."""
    return Call(f"/v1/coalitions/{quote(id, safe='')}", CoalitionAnswer, _all(options))


def providers(limit: int, options: ReadOptions) -> Call[ProvidersAnswer]:
    """Ask for a page of what providers' examples are worth."""
    return Call("/v1/providers", ProvidersAnswer, _all(options, limit=limit))


def payouts(
    amount: int,
    *,
    anonymous: bool,
    rule: Rule,
    balances: Mapping[str | None, int] | None,
    uncertain: bool,
    options: ReadOptions,
) -> Call[PayoutsAnswer]:
    """Ask for an amount among the providers, perhaps after what was carried over."""
    chosen = {"amount": amount, "anonymous": anonymous, "rule": rule}
    parameters = _all(options, **chosen, uncertain=uncertain or None, limit=5000)
    for provider, balance in (balances or {}).items():
        if not isinstance(balance, int) or isinstance(balance, bool) or balance > 0:
            raise ValueError(
                f"the balance of {provider!r} must be a whole number of at most 0, got {balance!r}"
            )
    body = None
    if balances:
        carried = [
            Balance(provider=provider, balance=balance)
            for provider, balance in balances.items()
            if balance
        ]
        body = PayoutsRequest(balances=carried).model_dump_json().encode()
    return Call("/v1/payouts", PayoutsAnswer, parameters, body)


def joined_payouts(pages: Sequence[PayoutsAnswer]) -> PayoutsAnswer:
    """Return all pages as one answer."""
    payouts = [payout for page in pages for payout in page.payouts]
    return pages[0].model_copy(update={"payouts": payouts, "next": None})


def summary(options: ReadOptions) -> Call[SummaryAnswer]:
    """Ask for the whole corpus in numbers."""
    return Call("/v1/summary", SummaryAnswer, _all(options))


def select(share: float, strategy: Strategy, seed: int, options: ReadOptions) -> Call[SelectAnswer]:
    """Ask for examples to train on."""
    parameters = _all(options, share=share, strategy=strategy, seed=seed)
    return Call("/v1/select", SelectAnswer, parameters)


def readiness() -> Call[Readiness]:
    """Ask whether the API is ready, and what that rests on."""
    return Call("/readyz", Readiness, {"verbose": "true"})


def export(format: Format, options: ReadOptions) -> tuple[str, Mapping[str, Any]]:
    """Return path and parameters of an export."""
    return "/v1/export", _all(options, format=format)


def next_page(call: Call[Page], cursor: str) -> Call[Page]:
    """Ask for the page behind a cursor."""
    return replace(call, parameters={**call.parameters, "cursor": cursor})


def _all(options: ReadOptions, **own: Any) -> dict[str, Any]:
    weights, least = options.get("weights"), options.get("min_offset")
    parameters = dict(own)
    if weights is not None and weights.payout:
        parameters |= {"utility": weights.utility, "weights": "payout"}
    elif weights is not None:
        parameters |= {"utility": weights.utility, "beta": weights.beta, "lambda": weights.lam}
    if isinstance(least, Mapping):
        parameters["min_offset"] = [f"{partition}:{offset}" for partition, offset in least.items()]
    elif least is not None:
        parameters["min_offset"] = least
    parameters |= {name: options.get(name) for name in ("at", "max_lag", "max_age")}
    parameters["complete"] = options.get("complete") or None
    return {name: value for name, value in parameters.items() if value is not None}
