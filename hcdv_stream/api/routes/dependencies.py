"""What requests depend on: a consistent state, and the weights that values are read under."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from typing import Annotated, Any, Literal
from zlib import crc32

from fastapi import Depends, Query, Request, Response

from hcdv_stream.api.executors import json_in_pieces, run_heavy
from hcdv_stream.api.models.answers import Answer, Model, WeightsUsed
from hcdv_stream.api.problems import (
    NotModified,
    behind,
    described,
    incomplete,
    invalid,
    stale,
    truncated,
)
from hcdv_stream.api.sources.merged import MergedCorpus
from hcdv_stream.api.sources.source import AnswerSource, Snapshot
from hcdv_stream.api.views.freshness import Currency
from hcdv_stream.valuation.weights import MOST_LAMBDA, Weights

MISSING_HEADER = "HCDV-Missing-Partitions"
TRUNCATED_HEADER = "HCDV-Truncated-Partitions"
STALE_HEADER = "HCDV-Stale-Partitions"
LAG_HEADER, AGE_HEADER, CHECKED_HEADER = "HCDV-Lag", "HCDV-Age-Seconds", "HCDV-Checked-At"
EXPOSED_HEADERS = (
    MISSING_HEADER,
    TRUNCATED_HEADER,
    STALE_HEADER,
    LAG_HEADER,
    AGE_HEADER,
    CHECKED_HEADER,
)
_AGE_STEP_SECONDS = 10.0
_FAR = (1 << 63) - 1
_SHORT = 100
"""Entries that are made and written as JSON in less than a millisecond."""

Utility = Annotated[
    str | None,
    Query(
        description="`balanced`, `accuracy` or `class:<label>`; default: HCDV_UTILITY.",
        examples=["balanced"],
        json_schema_extra={"pattern": "^(balanced|accuracy|class:.*)$"},
    ),
]
Beta = Annotated[
    float | None,
    Query(
        ge=0,
        le=1,
        description="The peers' share of the judgement; default: HCDV_BETA.",
        examples=[0.5],
    ),
]
Lambda = Annotated[
    float | None,
    Query(
        alias="lambda",
        ge=0,
        le=MOST_LAMBDA,
        allow_inf_nan=False,
        description="Weight of the cross-label contrast; default: HCDV_LAM.",
        examples=[0.1],
    ),
]
Preset = Annotated[
    Literal["payout"] | None,
    Query(
        alias="weights",
        description="`payout`: the weights that payouts go by. Only V evaluates, what chance gives "
        "is taken off, and copies of an earlier example are worth 0. Leave `beta` and `lambda` "
        "out.",
    ),
]
At = Annotated[
    str | None,
    Query(
        description="Answer from this state again, `as_of.view` of a list, a summary or an event: "
        "1f0c93ab.0-208.1-204, for instance.",
    ),
]
MinOffset = Annotated[
    list[Annotated[str, Query(pattern=r"^([0-9]{1,9}:)?[0-9]{1,18}$")]] | None,
    Query(
        description="`<partition>:<offset>`, or an offset for every partition: `as_of.offsets` "
        "must be at least that, else 503. To read what you wrote, ask for its offset plus 1.",
        examples=[["0:0"]],
    ),
]
MaxLag = Annotated[
    int | None,
    Query(ge=0, le=_FAR, description="`as_of.lag` must be at most that, else 503.", examples=[500]),
]
MaxAge = Annotated[
    float | None,
    Query(
        ge=0,
        le=1_000_000_000,
        allow_inf_nan=False,
        description="`as_of.age_seconds` must be at most that, else 503.",
        examples=[5.0],
    ),
]
Complete = Annotated[
    bool,
    Query(
        description="Every partition must be there and kept current by a worker, else 503: a "
        "gateway answers without those that it cannot ask, and names them. An API beside a worker "
        "has all that the worker owns. Each must begin where its log began, else 409."
    ),
]
RESPONSES: Mapping[int | str, dict[str, Any]] = {
    int(HTTPStatus.NOT_MODIFIED): {"description": "As it was: If-None-Match names it."},
    **described(
        HTTPStatus.CONFLICT,
        HTTPStatus.GONE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
}
"""What every answer with values may be instead."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Weights that a client chose; None: as the settings say."""

    utility: str | None
    beta: float | None
    lam: float | None
    preset: Literal["payout"] | None = None
    usual_preset: Literal["payout"] | None = None

    def weights(self, defaults: Weights, game: str) -> Weights | None:
        """Return the weights; None if the game fixed them and none were chosen."""
        chosen = (self.utility, self.beta, self.lam, self.preset) != (None, None, None, None)
        if game != "routed" and not chosen:
            return None
        utility = defaults.utility if self.utility is None else self.utility
        unnamed = self.beta is None and self.lam is None
        if self.preset == "payout" and not unnamed:
            given = "lambda" if self.beta is None else "beta"
            raise invalid(given, "weights=payout fixes beta and lambda: leave them out")
        try:
            if unnamed and "payout" in (self.preset, self.usual_preset):
                return Weights.for_payouts(utility)
            return Weights(
                utility,
                defaults.beta if self.beta is None else self.beta,
                defaults.lam if self.lam is None else self.lam,
            )
        except ValueError as error:
            raise invalid(self.field, str(error)) from error

    @property
    def field(self) -> str:
        """The parameter that is to blame for weights that no corpus, or not this one, can take."""
        given = {
            "utility": self.utility,
            "beta": self.beta,
            "lambda": self.lam,
            "weights": self.preset or self.usual_preset,
        }
        return next((name for name, value in given.items() if value is not None), "utility")


def refuse_truncated(snapshot: Snapshot) -> None:
    """Raise a problem if a partition does not begin where its log began."""
    if parts := snapshot.truncated:
        raise truncated({part.number: part.begins_at for part in parts})


@dataclass(frozen=True, slots=True)
class Demands:
    """How far the state must be, and whether every partition must be in it."""

    min_offset: tuple[str, ...] = ()
    max_lag: int | None = None
    max_age: float | None = None
    complete: bool = False

    def check(self, snapshot: Snapshot, currency: Currency) -> None:
        """Raise a problem if it is not."""
        if self.complete and snapshot.missing:
            raise incomplete(snapshot.missing)
        if self.complete:
            refuse_truncated(snapshot)
        if self.complete and (unsure := currency.unsure):
            raise stale("complete", unsure.partition, unsure.uncertainty or "")
        for demand in self.min_offset:
            named, _, offset = demand.rpartition(":")
            parts = [p for p in snapshot.partitions if not named or p.number == int(named)]
            if named and not parts:
                raise behind(f"partition {named} cannot be asked")
            for part in parts:
                if part.next_offset < int(offset):
                    raise behind(
                        f"partition {part.number} is at offset {part.next_offset}, "
                        f"min_offset asks for {offset}"
                    )
        self._check_lag(currency)
        self._check_age(currency)

    def _check_lag(self, currency: Currency) -> None:
        if self.max_lag is None:
            return
        for part in currency.partitions:
            if part.lag is None:
                raise stale("max_lag", part.partition, part.reason or "its lag is not known")
        lag = currency.lag or 0
        if lag > self.max_lag:
            raise behind(f"the lag is {lag}, max_lag asks for {self.max_lag}")

    def _check_age(self, currency: Currency) -> None:
        if self.max_age is None:
            return
        for part in currency.partitions:
            if part.age is None:
                raise stale("max_age", part.partition, part.reason or "its age is not known")
            if part.age > self.max_age:
                why = f": {part.reason}" if part.reason else ""
                raise behind(
                    f"partition {part.partition} was last known to be up to date "
                    f"{part.age:.1f} s ago, max_age asks for {self.max_age:g}{why}"
                )


@dataclass(frozen=True, slots=True)
class AnswerContext:
    """One state and one choice of weights: everything in an answer comes from them."""

    corpus: MergedCorpus
    salt: str
    currency: Currency

    @property
    def snapshot(self) -> Snapshot:
        """The state."""
        return self.corpus.snapshot

    def answer(self) -> dict[str, Any]:
        """Return what every answer says besides its values."""
        weights = self.corpus.weights
        used = (
            None
            if weights is None
            else WeightsUsed(
                utility=weights.utility,
                beta=weights.beta,
                lam=weights.lam,
                payout=weights.payout,
            )
        )
        missing = list(self.snapshot.missing)
        said = Answer.model_construct(
            weights=used,
            as_of=self.snapshot.as_of(self.currency),
            missing_partitions=missing,
            stale_partitions=self.currency.stale,
        )
        return dict(said)

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that say what the answer is as of.

        The tag is a weak one: two answers with the same tag have the same values, lag and stale
        partitions, while their ages may differ by some seconds. The headers say the age of now,
        also where the answer is that nothing has changed.
        """
        currency, missing = self.currency, self.snapshot.missing
        parts, age = currency.stale, currency.age
        known = {
            MISSING_HEADER: ",".join(map(str, missing)) or None,
            TRUNCATED_HEADER: ",".join(str(part.number) for part in self.snapshot.truncated)
            or None,
            STALE_HEADER: ",".join(map(str, parts)) or None,
            LAG_HEADER: currency.lag,
            AGE_HEADER: None if age is None else f"{age:.3f}",
            CHECKED_HEADER: currency.checked_at,
        }
        steps = None if age is None else int(age / _AGE_STEP_SECONDS)
        fresh = f"{currency.lag};{'.'.join(map(str, parts))};{steps};{'.'.join(map(str, missing))}"
        return {
            "ETag": f'W/"{self.snapshot.key};{self.salt};{fresh}"',
            "Cache-Control": "no-cache",
            **{name: str(value) for name, value in known.items() if value is not None},
        }

    async def respond_list(
        self,
        answer: Callable[[], Model],
        name: str,
        length: int,
        links: Mapping[str, str] | None = None,
    ) -> Response:
        """Return an answer whose field of that name is a list of so many entries.

        If there are many, it is made and written where nothing waits for it.
        """
        if length <= _SHORT:
            return self.respond(answer(), links)
        body = await run_heavy(lambda: json_in_pieces(answer(), name))
        return self._response(body, links)

    def respond(self, answer: Model, links: Mapping[str, str] | None = None) -> Response:
        """Return an answer as JSON; it was made of checked values and is not checked again."""
        return self._response(answer.__pydantic_serializer__.to_json(answer, by_alias=True), links)

    def _response(self, body: bytes, links: Mapping[str, str] | None) -> Response:
        headers = {**self.headers, **(links or {})}
        return Response(body, headers=headers, media_type="application/json")


async def source_of(request: Request) -> AnswerSource:
    """Return the source that the application was built with."""
    source: AnswerSource = request.app.state.source
    return source


async def chosen(
    utility: Utility = None, beta: Beta = None, lam: Lambda = None, preset: Preset = None
) -> Chosen:
    """Take the weights that are asked for; what no corpus could take is refused here."""
    wanted = Chosen(utility, beta, lam, preset)
    wanted.weights(Weights(), "routed")
    return wanted


async def demands(
    min_offset: MinOffset = None,
    max_lag: MaxLag = None,
    max_age: MaxAge = None,
    complete: Complete = False,
) -> Demands:
    """Take what the state must fulfil."""
    return Demands(tuple(min_offset or ()), max_lag, max_age, complete)


SourceNow = Annotated[AnswerSource, Depends(source_of)]
ChosenNow = Annotated[Chosen, Depends(chosen)]
DemandsNow = Annotated[Demands, Depends(demands)]


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """A request that has not been given its state yet."""

    request: Request
    source: AnswerSource
    chosen: Chosen
    demands: Demands
    at: str | None

    async def context(self, *, keep: bool = True, at: str | None = None) -> AnswerContext:
        """Take the state of that name, or the newest; ``keep`` it for later requests.

        Raises problems if it cannot be had, and NotModified if the client has the answer.
        """
        name = at or self.at
        source = self.source
        snapshot = await (source.pinned(name) if name else source.current(keep=keep))
        currency = snapshot.currency()
        self.demands.check(snapshot, currency)
        defaults: Weights = self.request.app.state.weights
        weights = self.chosen.weights(defaults, snapshot.game)
        try:
            context = AnswerContext(MergedCorpus(snapshot, weights), _salt(defaults), currency)
        except ValueError as error:
            raise invalid(self.chosen.field, str(error)) from error
        if self.request.method in {"GET", "HEAD"} and _matches(
            self.request, context.headers["ETag"]
        ):
            raise NotModified(context.headers)
        return context


async def read_request(
    request: Request,
    source: SourceNow,
    chosen: ChosenNow,
    demands: DemandsNow,
    at: At = None,
) -> ReadRequest:
    """Take everything that a request chooses, but not the state yet."""
    return ReadRequest(request, source, chosen, demands, at)


ReadRequestNow = Annotated[ReadRequest, Depends(read_request)]


async def kept_context(read: ReadRequestNow) -> AnswerContext:
    """Take the state, and keep it for requests that go on from it."""
    return await read.context()


async def unkept_context(read: ReadRequestNow) -> AnswerContext:
    """Take the state; nothing goes on from a single point."""
    return await read.context(keep=False)


ContextNow = Annotated[AnswerContext, Depends(kept_context)]
UnkeptContextNow = Annotated[AnswerContext, Depends(unkept_context)]


def _matches(request: Request, tag: str) -> bool:
    named = request.headers.get("if-none-match", "")
    tags = {each.strip().removeprefix("W/") for each in named.split(",")}
    return tag.removeprefix("W/") in tags or "*" in tags


async def plain_context(request: Request) -> AnswerContext:
    """Take the newest state for a request without any parameter: quicker than looking for them."""
    source = await source_of(request)
    plain = ReadRequest(request, source, Chosen(None, None, None), Demands(), None)
    return await plain.context(keep=False)


@cache
def _salt(defaults: Weights) -> str:
    """Tell answers of other versions and other default weights apart."""
    return f"{crc32(repr((version('hcdv-stream'), defaults)).encode()):08x}"
