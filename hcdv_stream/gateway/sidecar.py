"""An API behind the gateway, and the queries that it gets."""

import asyncio
import logging
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from hcdv_stream.api.models.answers import Model
from hcdv_stream.api.models.shards import ShardRequest, ViewState, Weighing
from hcdv_stream.api.problems import ProblemError, gone
from hcdv_stream.api.queries.find import FIND, FindParameters
from hcdv_stream.api.queries.query import Parameters, ShardAnswer, ShardQuery, ShardScope
from hcdv_stream.api.sources.source import ShardLost
from hcdv_stream.gateway.checks import SAME_VERSION, check_view
from hcdv_stream.gateway.exchange import BadAnswerError, detail, exchange
from hcdv_stream.runtime.logs import fields
from hcdv_stream.valuation.weights import Weights

log = logging.getLogger(__name__)

_VIEW, _ASK = "/internal/v1/view", "/internal/v1/ask"
_PAUSE_SECONDS = 1.0
"""An API that could not be asked is left alone for so long."""
_LONGEST_PAUSE_SECONDS = 30.0
"""The pause doubles up to this as long as queries fail, whatever the API says of its state."""
_PROBE_SECONDS = 0.05
"""A request waits so long to see whether an API is back; it goes on without it else."""
_VIEW_BYTES = 1 << 20

Read = TypeVar("Read", bound=Model)


@dataclass(frozen=True, slots=True)
class SidecarExpectations:
    """What an API behind the gateway is held to."""

    topic: str
    partitions: int
    seconds: float
    most_bytes: int


@dataclass(frozen=True, slots=True)
class ShardTarget:
    """Some partitions in a view of a sidecar, as parts of a corpus of ``corpus_size`` examples."""

    state: ViewState
    numbers: frozenset[int]
    weights: Weights | None
    corpus_size: int

    @property
    def scope(self) -> ShardScope:
        """What an answer must fit."""
        return ShardScope(len(self.state.classes), self.numbers)

    def request(
        self, query: ShardQuery[Parameters, ShardAnswer], parameters: Parameters
    ) -> ShardRequest:
        """Return a query as it is sent."""
        used = self.weights
        return ShardRequest(
            view=self.state.key,
            partitions=sorted(self.numbers),
            corpus_size=self.corpus_size,
            weights=used
            and Weighing(utility=used.utility, beta=used.beta, lam=used.lam, payout=used.payout),
            query=query.name,
            parameters=parameters.model_dump(by_alias=True),
        )


class Sidecar:
    """One API; ``problem`` says why it could not be asked the last time, None if it could."""

    def __init__(
        self, address: str, client: httpx.AsyncClient, expected: SidecarExpectations
    ) -> None:
        self.address = address
        self.problem: str | None = None
        self._client = client
        self._expected = expected
        self._again_at = 0.0
        self._failed_queries = 0
        self._differs = False
        self._probe: asyncio.Task[ViewState | None] | None = None

    async def newest(self) -> ViewState | None:
        """Return its newest state, which it keeps; None if it cannot be asked.

        Only the first that finds it failing waits for that; then it is tried beside requests.
        """
        if self.problem is None or self._differs:
            return await self._look()
        probe = self._probe
        if probe is not None:
            if not probe.done():
                return None
            self._probe = None
        if time.monotonic() < self._again_at:
            return None
        self._probe = probe = asyncio.create_task(self._look())
        await asyncio.wait({probe}, timeout=_PROBE_SECONDS)
        return probe.result() if probe.done() and not probe.cancelled() else None

    async def kept(self, key: str) -> ViewState:
        """Return a state that it kept; raises a problem if it has it no more."""
        return await self._view(f"{_VIEW}?at={quote(key, safe='')}")

    async def ask(
        self,
        target: ShardTarget,
        query: ShardQuery[Parameters, ShardAnswer],
        parameters: Parameters,
    ) -> ShardAnswer:
        """Return the answer of some partitions; raises ShardLost if there is none.

        An API that does not answer counts as missing from then on, even if it shows a view.
        """
        content = target.request(query, parameters).model_dump_json(by_alias=True).encode()
        try:
            answer = await self._read(
                "POST", _ASK, query.shard_answer, self._expected.most_bytes, content
            )
            if not query.plausible(parameters, answer, target.scope):
                raise BadAnswerError(f"answers another query than {query.name!r}: {SAME_VERSION}")
        except BadAnswerError as bad:
            self._failed_queries += 1
            raise self._leave_alone(bad) from bad
        except ProblemError as problem:
            if problem.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                raise
            raise ShardLost(problem.detail) from problem
        self._failed_queries = 0
        return answer

    def fits(self, reason: str | None) -> None:
        """Its state fits the others', None, or it counts as missing for a reason until it does."""
        if reason is not None and not self._differs:
            log.warning("API left out", extra=fields(address=self.address, reason=reason))
        if reason is None and self._differs:
            log.info("API can be asked", extra=fields(address=self.address))
            self.problem = None
        self._differs = reason is not None
        if reason is not None:
            self.problem = f"{self.address} {reason}"

    async def _look(self) -> ViewState | None:
        try:
            state = await self._view(_VIEW)
            if self._failed_queries:
                await self._try(state)
        except (ShardLost, ProblemError):
            return None
        if not self._differs:
            if self.problem:
                log.info("API can be asked", extra=fields(address=self.address))
            self.problem = None
        return state

    async def _try(self, state: ViewState) -> None:
        """Ask for something that costs nothing, since other queries have failed."""
        numbers = frozenset(part.number for part in state.partitions)
        target = ShardTarget(state, numbers, None, sum(part.examples for part in state.partitions))
        failed = self._failed_queries
        await self.ask(target, FIND, FindParameters(ids=[]))
        self._failed_queries = failed  # until one of a reader succeeds

    async def _view(self, path: str) -> ViewState:
        try:
            state = await self._read("GET", path, ViewState, _VIEW_BYTES)
            check_view(state, self._expected.topic, self._expected.partitions)
        except BadAnswerError as bad:
            raise self._leave_alone(bad) from bad
        return state

    def _leave_alone(self, bad: BadAnswerError) -> ShardLost:
        lost = ShardLost(f"{self.address} {bad}")
        self._differs = False
        if not self.problem:
            log.warning("API cannot be asked", extra=fields(reason=lost.detail))
        pause = _PAUSE_SECONDS * 2 ** min(max(self._failed_queries - 1, 0), 10)
        self.problem = lost.detail
        self._again_at = time.monotonic() + min(pause, _LONGEST_PAUSE_SECONDS)
        return lost

    async def _read(
        self,
        method: str,
        path: str,
        model: type[Read],
        most_bytes: int,
        content: bytes | None = None,
    ) -> Read:
        status, received = await exchange(
            self._client,
            method,
            self.address + path,
            content,
            seconds=self._expected.seconds,
            most_bytes=most_bytes,
        )
        if status == HTTPStatus.GONE:
            raise gone(path)
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise BadAnswerError(
                f"refuses the key ({detail(received)}): let HCDV_GATEWAY_KEY be one "
                "of its keys, with the scope `shard`"
            )
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:  # which the reader's query brought
            raise ProblemError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "body-too-large",
                "Body too large",
                f"{self.address} takes no query of {len(content or b''):,} bytes: ask for fewer "
                "examples at once, or raise its HCDV_API_MAX_BODY_BYTES",
            )
        if status != HTTPStatus.OK:
            raise BadAnswerError(f"answers {status}: {detail(received)}")
        try:
            return model.model_validate_json(received)
        except (ValidationError, ValueError, RecursionError) as error:
            raise BadAnswerError(
                "answers what this version does not read: run the same versions"
            ) from error


class RemoteShard:
    """Some partitions in a view of a sidecar."""

    def __init__(self, sidecar: Sidecar, target: ShardTarget) -> None:
        self.numbers = target.numbers
        self._sidecar = sidecar
        self._target = target

    async def ask(
        self, query: ShardQuery[Parameters, ShardAnswer], parameters: Parameters
    ) -> ShardAnswer:
        """Return the sidecar's answer; raises ShardLost if there is none."""
        return await self._sidecar.ask(self._target, query, parameters)
