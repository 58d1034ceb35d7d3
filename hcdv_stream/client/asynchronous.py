"""The asynchronous client: the synchronous one, awaited."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, Unpack

import httpx
from pydantic_core import from_json

from hcdv_stream.api.models.answers import (
    CoalitionAnswer,
    CoalitionsAnswer,
    Example,
    ExampleAnswer,
    ExamplesAnswer,
    FreshnessEvent,
    HistoryAnswer,
    Provider,
    ProvidersAnswer,
    Readiness,
    SelectAnswer,
    UpdateEvent,
    ValuedCoalition,
)
from hcdv_stream.api.models.payouts import PayoutsAnswer
from hcdv_stream.api.models.summary import SummaryAnswer
from hcdv_stream.api.models.suspects import Suspect, SuspectsAnswer
from hcdv_stream.client import calls
from hcdv_stream.client.calls import (
    AnswerModel,
    Call,
    Column,
    Conditions,
    Format,
    Kind,
    Order,
    Page,
    ReadOptions,
    Strategy,
    SuspectConditions,
)
from hcdv_stream.client.connection import (
    EVENT_TIMEOUT_SECONDS,
    RETRIES,
    TIMEOUT_SECONDS,
    EventReader,
    check,
    headers,
    pause,
    read,
)
from hcdv_stream.client.errors import ApiError, NotReachedError
from hcdv_stream.runtime.atomic_files import written_whole
from hcdv_stream.runtime.tls_context import tls_context
from hcdv_stream.valuation.settlement import Rule


class AsyncClient:
    """A context manager around connections to one API or gateway; for one event loop.

    ``key`` is an API key, where one is needed. Calls that find the API busy or without a state yet
    wait as long as it says and ask again, ``retries`` times. They raise ApiError where the answer
    is a problem, and NotReachedError where there is none. All take what ``ReadOptions`` lists.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        *,
        key: str | None = None,
        timeout: float = TIMEOUT_SECONDS,
        retries: int = RETRIES,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._retries = retries
        self._http = httpx.AsyncClient(
            base_url=url,
            headers=headers(key),
            timeout=timeout,
            transport=transport,
            verify=tls_context(),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Give up the connections."""
        await self._http.aclose()

    async def example(
        self, id: str, *, rank: bool = False, **options: Unpack[ReadOptions]
    ) -> ExampleAnswer:
        """Return one example; with its ``rank`` where that is asked for."""
        return await self._send(calls.example(id, rank, options))

    async def examples_by_id(
        self, ids: Iterable[str], **options: Unpack[ReadOptions]
    ) -> dict[str, Example]:
        """Return those of any number of examples that there are.

        More than 1,000 are asked for in several calls, which may be of different states.
        """
        answers = [await self._send(call) for call in calls.batches(ids, options)]
        return {example.id: example for answer in answers for example in answer.examples}

    async def examples(
        self,
        *,
        order: Order = "desc",
        by: Column = "value",
        limit: int = 100,
        only: Conditions | None = None,
        **options: Unpack[ReadOptions],
    ) -> ExamplesAnswer:
        """Return the first page of the ranking, or of the examples that meet conditions."""
        return await self._send(calls.examples(order, by, limit, only or {}, options))

    async def ranking(
        self,
        *,
        order: Order = "desc",
        by: Column = "value",
        count: int | None = None,
        only: Conditions | None = None,
        **options: Unpack[ReadOptions],
    ) -> AsyncIterator[Example]:
        """Yield examples of the ranking, all or ``count`` of them, all as of one state."""
        left = count
        limit = 1000 if count is None else max(min(count, 1000), 1)
        async for page in self._pages(calls.examples(order, by, limit, only or {}, options)):
            for example in page.examples[:left]:
                yield example
            if left is not None and (left := left - len(page.examples)) <= 0:
                return

    async def suspects(
        self,
        *,
        threshold: float = 0.5,
        limit: int = 100,
        only: SuspectConditions | None = None,
        **options: Unpack[ReadOptions],
    ) -> SuspectsAnswer:
        """Return the first page of the examples whose label is probably wrong."""
        return await self._send(calls.suspects(threshold, limit, only or {}, options))

    async def all_suspects(
        self,
        *,
        threshold: float = 0.5,
        only: SuspectConditions | None = None,
        **options: Unpack[ReadOptions],
    ) -> AsyncIterator[Suspect]:
        """Yield every suspect, the most doubtful first, all as of one state."""
        async for page in self._pages(calls.suspects(threshold, 1000, only or {}, options)):
            for suspect in page.suspects:
                yield suspect

    async def history(self, id: str, **options: Unpack[ReadOptions]) -> HistoryAnswer:
        """Return what an example was worth, as far back as the API remembers."""
        return await self._send(calls.history(id, options))

    async def coalition(self, id: str, **options: Unpack[ReadOptions]) -> CoalitionAnswer:
        """Return one leaf or node."""
        return await self._send(calls.coalition(id, options))

    async def coalitions(
        self,
        *,
        kind: Kind | None = None,
        partition: int | None = None,
        limit: int = 100,
        **options: Unpack[ReadOptions],
    ) -> CoalitionsAnswer:
        """Return the first page of the leaves and nodes, most valuable first."""
        return await self._send(calls.coalitions(kind, partition, limit, options))

    async def all_coalitions(
        self,
        *,
        kind: Kind | None = None,
        partition: int | None = None,
        **options: Unpack[ReadOptions],
    ) -> AsyncIterator[ValuedCoalition]:
        """Yield every leaf and node, all as of one state."""
        async for page in self._pages(calls.coalitions(kind, partition, 1000, options)):
            for coalition in page.coalitions:
                yield coalition

    async def providers(
        self, *, limit: int = 1000, **options: Unpack[ReadOptions]
    ) -> ProvidersAnswer:
        """Return the first page of the providers, most valuable first."""
        return await self._send(calls.providers(limit, options))

    async def all_providers(self, **options: Unpack[ReadOptions]) -> AsyncIterator[Provider]:
        """Yield every provider and what its examples are worth, all as of one state."""
        async for page in self._pages(calls.providers(5000, options)):
            for provider in page.providers:
                yield provider

    async def payouts(
        self,
        amount: int,
        *,
        anonymous: bool = True,
        rule: Rule = "balance",
        balances: Mapping[str | None, int] | None = None,
        uncertain: bool = False,
        **options: Unpack[ReadOptions],
    ) -> PayoutsAnswer:
        """Return ``amount``, in minor units, among the providers, all of them.

        ``balances`` are what accounts carried over, by provider; ``rule`` as the API has it. Values
        have the weights of payouts unless others are given.
        """
        call = calls.payouts(
            amount,
            anonymous=anonymous,
            rule=rule,
            balances=balances,
            uncertain=uncertain,
            options=options,
        )
        pages = [page async for page in self._pages(call)]
        return calls.joined_payouts(pages)

    async def summary(self, **options: Unpack[ReadOptions]) -> SummaryAnswer:
        """Return the whole corpus in numbers."""
        return await self._send(calls.summary(options))

    async def select(
        self,
        share: float,
        *,
        strategy: Strategy = "spread",
        seed: int = 0,
        **options: Unpack[ReadOptions],
    ) -> SelectAnswer:
        """Return examples to train on."""
        return await self._send(calls.select(share, strategy, seed, options))

    async def readiness(self) -> Readiness:
        """Return what the API's readiness rests on; ApiError where it is not ready."""
        return await self._send(calls.readiness())

    async def rows(self, **options: Unpack[ReadOptions]) -> AsyncIterator[dict[str, Any]]:
        """Yield every example as the API exports it, as it arrives."""
        path, parameters = calls.export("ndjson", options)
        async with self._stream(path, parameters) as answer:
            async for line in answer.aiter_lines():
                yield from_json(line)

    async def export(
        self, path: Path, *, format: Format = "ndjson", **options: Unpack[ReadOptions]
    ) -> None:
        """Write every example to a file, whole or not at all."""
        place, parameters = calls.export(format, options)
        with written_whole(path) as beside, beside.open("wb") as file:
            async with self._stream(place, parameters) as answer:
                async for part in answer.aiter_bytes():
                    file.write(part)

    async def events(self, *, interval: float = 0.0) -> AsyncIterator[UpdateEvent]:
        """Yield the newest state and each one that follows, ``interval`` seconds apart at least.

        Goes on where the connection breaks; raises where the API cannot be reached again.
        """
        async with aclosing(self.changes(interval=interval)) as changes:
            async for change in changes:
                if isinstance(change, UpdateEvent):
                    yield change

    async def changes(
        self, *, interval: float = 0.0
    ) -> AsyncGenerator[UpdateEvent | FreshnessEvent]:
        """Yield what ``events`` yields, and how current the state is whenever that changes."""
        reader, parameters = EventReader(), {"interval": interval}
        while True:
            try:
                async with self._stream(
                    "/v1/events", parameters, reader.headers, events=True
                ) as answer:
                    async for line in answer.aiter_lines():
                        if (event := reader.take(line)) is not None:
                            yield event
            except NotReachedError:
                if reader.last is None:
                    raise
                await asyncio.sleep(1.0)
                with suppress(ApiError):  # one that is not ready can still be followed
                    await self.readiness()

    async def _pages(self, call: Call[Page]) -> AsyncIterator[Page]:
        while True:
            page = await self._send(call)
            yield page
            if page.next is None:
                return
            call = calls.next_page(call, page.next)

    async def _send(self, call: Call[AnswerModel]) -> AnswerModel:
        content_type = None if call.body is None else {"Content-Type": "application/json"}
        left = self._retries
        while True:
            try:
                answer = await self._http.request(
                    call.method,
                    call.path,
                    params=call.parameters,
                    content=call.body,
                    headers=content_type,
                )
            except httpx.HTTPError as error:
                raise NotReachedError(str(self._http.base_url), error) from error
            wait = pause(answer)
            if wait is None or not left:
                return read(call, answer)
            left -= 1
            await asyncio.sleep(wait)

    @asynccontextmanager
    async def _stream(
        self,
        path: str,
        parameters: Mapping[str, Any],
        more: Mapping[str, str] | None = None,
        *,
        events: bool = False,
    ) -> AsyncIterator[httpx.Response]:
        timeout = httpx.Timeout(EVENT_TIMEOUT_SECONDS) if events else self._http.timeout
        try:
            async with self._http.stream(
                "GET", path, params=parameters, headers=more, timeout=timeout
            ) as answer:
                if not answer.is_success:
                    await answer.aread()
                check(answer)
                yield answer
        except httpx.HTTPError as error:
            raise NotReachedError(str(self._http.base_url), error) from error
