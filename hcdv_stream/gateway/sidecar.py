"""An API behind the gateway, and what of its state is asked for."""

import logging
import time
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from hcdv_stream.api.models import Model
from hcdv_stream.api.problems import ProblemError, gone
from hcdv_stream.api.shard_models import (
    Asked,
    Operation,
    ShardQuestion,
    Told,
    ViewState,
    Weighing,
)
from hcdv_stream.api.source import ShardLost
from hcdv_stream.logs import fields
from hcdv_stream.valuation.weights import Weights

log = logging.getLogger(__name__)

_VIEW, _ASK = "/internal/v1/view", "/internal/v1/ask"
_PAUSE_SECONDS = 1.0
"""An API that could not be asked is left alone for so long."""

Read = TypeVar("Read", bound=Model)


class Sidecar:
    """One API; ``problem`` says why it could not be asked the last time, None where it could."""

    def __init__(self, address: str, client: httpx.AsyncClient) -> None:
        self.address = address
        self.problem: str | None = None
        self._client = client
        self._again_at = 0.0

    async def newest(self) -> ViewState | None:
        """Return its newest state, which it keeps; None where it cannot be asked."""
        if self.problem and time.monotonic() < self._again_at:
            return None
        try:
            state = await self._read("GET", _VIEW, ViewState)
        except ShardLost as lost:
            self._leave_alone(lost)
            return None
        if self.problem:
            log.info("API can be asked", extra=fields(address=self.address))
        self.problem = None
        return state

    async def kept(self, key: str) -> ViewState:
        """Return a state that it kept; raises a problem where it has not got it any more."""
        return await self._read("GET", f"{_VIEW}?at={quote(key)}", ViewState)

    async def ask(self, question: ShardQuestion, operation: Operation[Asked, Told]) -> Told:
        """Put a question; raises ShardLost where it cannot be answered."""
        content = question.model_dump_json().encode()
        try:
            return await self._read("POST", _ASK, operation.told, content)
        except ProblemError as problem:
            raise ShardLost(problem.detail) from problem

    def _leave_alone(self, lost: ShardLost) -> None:
        if not self.problem:
            log.warning("API cannot be asked", extra=fields(reason=lost.detail))
        self.problem, self._again_at = lost.detail, time.monotonic() + _PAUSE_SECONDS

    async def _read(
        self, method: str, path: str, model: type[Read], content: bytes | None = None
    ) -> Read:
        headers = {"Content-Type": "application/json"} if content is not None else None
        try:
            answer = await self._client.request(
                method, self.address + path, content=content, headers=headers
            )
        except httpx.HTTPError as error:
            cause = str(error) or type(error).__name__
            lost = ShardLost(
                f"{self.address} does not answer ({cause}): see that the API runs there"
            )
            self._leave_alone(lost)
            raise lost from error
        if answer.status_code == HTTPStatus.GONE:
            raise gone(path)
        if answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise ShardLost(
                f"{self.address} refuses the key ({_detail(answer)}): let HCDV_GATEWAY_KEY be one "
                "of its keys, with the scope `shard`"
            )
        if answer.status_code != HTTPStatus.OK:
            raise ShardLost(f"{self.address} answers {answer.status_code}: {_detail(answer)}")
        try:
            return model.model_validate_json(answer.content)
        except ValidationError as error:
            raise ShardLost(
                f"{self.address} answers what this version does not read: run the same versions"
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
        return await self._sidecar.ask(question, operation)


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:200]
