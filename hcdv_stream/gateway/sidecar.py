"""An API behind the gateway, and what of its state is asked for."""

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
from hcdv_stream.api.models.shards import (
    FIND,
    Asked,
    Find,
    Operation,
    ShardQuestion,
    Told,
    ViewState,
    Weighing,
)
from hcdv_stream.api.problems import ProblemError, gone
from hcdv_stream.api.sources.source import ShardLost
from hcdv_stream.gateway.checks import check_answer, check_view
from hcdv_stream.gateway.questions import BadAnswerError, detail, exchange
from hcdv_stream.runtime.logs import fields
from hcdv_stream.valuation.weights import Weights

log = logging.getLogger(__name__)

_VIEW, _ASK = "/internal/v1/view", "/internal/v1/ask"
_PAUSE_SECONDS = 1.0
"""An API that could not be asked is left alone for so long."""
_LONGEST_PAUSE_SECONDS = 30.0
"""The pause doubles up to this as long as questions fail, whatever the API says of its state."""
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


class Sidecar:
    """One API; ``problem`` says why it could not be asked the last time, None where it could."""

    def __init__(
        self, address: str, client: httpx.AsyncClient, expected: SidecarExpectations
    ) -> None:
        self.address = address
        self.problem: str | None = None
        self._client = client
        self._expected = expected
        self._again_at = 0.0
        self._failed_questions = 0
        self._differs = False
        self._probe: asyncio.Task[ViewState | None] | None = None

    async def newest(self) -> ViewState | None:
        """Return its newest state, which it keeps; None where it cannot be asked.

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
        """Return a state that it kept; raises a problem where it has not got it any more."""
        return await self._view(f"{_VIEW}?at={quote(key, safe='')}")

    async def ask(
        self, question: ShardQuestion, operation: Operation[Asked, Told], asked: Asked, classes: int
    ) -> Told:
        """Put a question; raises ShardLost where it cannot be answered.

        One that does not answer counts as missing from then on, also where it has a state to show.
        """
        content = question.model_dump_json().encode()
        try:
            told = await self._read(
                "POST", _ASK, operation.told, self._expected.most_bytes, content
            )
            numbers = frozenset(question.partitions)
            check_answer(operation.name, asked, told, classes, numbers)
        except BadAnswerError as bad:
            self._failed_questions += 1
            raise self._leave_alone(bad) from bad
        except ProblemError as problem:
            if problem.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                raise
            raise ShardLost(problem.detail) from problem
        self._failed_questions = 0
        return told

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
            if self._failed_questions:
                await self._try(state)
        except (ShardLost, ProblemError):
            return None
        if not self._differs:
            if self.problem:
                log.info("API can be asked", extra=fields(address=self.address))
            self.problem = None
        return state

    async def _try(self, state: ViewState) -> None:
        """Put a question that costs nothing, since others have failed."""
        question = ShardQuestion(
            view=state.key,
            partitions=[part.number for part in state.partitions],
            whole=sum(part.points for part in state.partitions),
            weights=None,
            operation=FIND.name,
            asked=Find(ids=[]).model_dump(),
        )
        failed = self._failed_questions
        await self.ask(question, FIND, Find(ids=[]), len(state.classes))
        self._failed_questions = failed  # until one of a reader succeeds

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
        pause = _PAUSE_SECONDS * 2 ** min(max(self._failed_questions - 1, 0), 10)
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
        status, told = await exchange(
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
                f"refuses the key ({detail(told)}): let HCDV_GATEWAY_KEY be one "
                "of its keys, with the scope `shard`"
            )
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:  # which the reader's question brought
            raise ProblemError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "body-too-large",
                "Body too large",
                f"{self.address} takes no question of {len(content or b''):,} bytes: ask for fewer "
                "points at once, or raise its HCDV_API_MAX_BODY_BYTES",
            )
        if status != HTTPStatus.OK:
            raise BadAnswerError(f"answers {status}: {detail(told)}")
        try:
            return model.model_validate_json(told)
        except (ValidationError, ValueError, RecursionError) as error:
            raise BadAnswerError(
                "answers what this version does not read: run the same versions"
            ) from error


class RemoteShard:
    """Some partitions in a state of a sidecar, as parts of a corpus of ``whole`` points."""

    def __init__(
        self,
        sidecar: Sidecar,
        state: ViewState,
        numbers: frozenset[int],
        weights: Weights | None,
        whole: int,
    ) -> None:
        self.numbers = numbers
        self._sidecar = sidecar
        self._state = state
        self._whole = whole
        self._weighing = weights and Weighing(
            utility=weights.utility, beta=weights.beta, lam=weights.lam
        )

    async def ask(self, operation: Operation[Asked, Told], asked: Asked) -> Told:
        """Put a question; raises ShardLost where it cannot be answered."""
        question = ShardQuestion(
            view=self._state.key,
            partitions=sorted(self.numbers),
            whole=self._whole,
            weights=self._weighing,
            operation=operation.name,
            asked=asked.model_dump(),
        )
        return await self._sidecar.ask(question, operation, asked, len(self._state.classes))
