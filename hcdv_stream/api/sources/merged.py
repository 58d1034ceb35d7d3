"""The corpus as a whole: answers of its shards, merged into the bits that one alone would give."""

import asyncio
import heapq
from collections.abc import AsyncGenerator, Coroutine, Iterable, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any, TypeVar

import pyarrow as pa

from hcdv_stream.api.executors import run_heavy
from hcdv_stream.api.models.answers import HistoryEntry, Point, ValuedCoalition
from hcdv_stream.api.models.shards import (
    AHEAD,
    COALITION,
    COALITIONS,
    FIND,
    HISTORY,
    POINTS,
    PROVIDERS,
    ROWS,
    SIZES,
    SUMMARY,
    Ahead,
    Asked,
    CoalitionAsked,
    CoalitionDetail,
    CoalitionsPage,
    CorpusSize,
    Find,
    HistoryPoint,
    Nothing,
    Operation,
    Place,
    PointsPage,
    ProvidersAsked,
    RowsAsked,
    SummaryPart,
    Told,
)
from hcdv_stream.api.queries.arrow_rows import read
from hcdv_stream.api.sources.provider_table import ProviderSums, ProviderTable
from hcdv_stream.api.sources.shard import Shard
from hcdv_stream.api.sources.source import Snapshot
from hcdv_stream.valuation.weights import Weights

Done = TypeVar("Done")

_FEW = 100
"""So many points are copied while others wait."""


class MergedCorpus:
    """A snapshot under one choice of weights.

    Raises ValueError where the weights fit neither the classes nor the game.
    """

    def __init__(self, snapshot: Snapshot, weights: Weights | None) -> None:
        snapshot.check(weights)
        self.snapshot = snapshot
        self.weights = weights

    @cached_property
    def _shards(self) -> Sequence[Shard]:
        return self.snapshot.open(self.weights, self.snapshot.size)

    async def find(self, ids: Iterable[str]) -> dict[str, Point]:
        """Return those of the points that are there.

        Each id is looked for where it belongs first, and elsewhere only where it is not there.
        """
        waiting = dict.fromkeys(ids)
        shards = self._shards
        found: dict[str, Point] = {}
        asked: list[list[str]] = [[] for _ in shards]
        if len(shards) > 1:
            home_of = {
                number: place for place, shard in enumerate(shards) for number in shard.numbers
            }
            for name in waiting:
                home = self.snapshot.home(name)
                if home is not None and home in home_of:
                    asked[home_of[home]].append(name)
            await self._gather(shards, asked, found)
        left = [name for name in waiting if name not in found]
        already = [set(names) for names in asked]
        rest = [[name for name in left if name not in names] for names in already]
        await self._gather(shards, rest, found)
        return found

    async def _gather(
        self, shards: Sequence[Shard], asked: Sequence[list[str]], found: dict[str, Point]
    ) -> None:
        questions = [
            shard.ask(FIND, Find(ids=ids)) for shard, ids in zip(shards, asked, strict=True) if ids
        ]
        for told in await _together(questions):
            found |= {point.id: point for point in told.points}

    async def points(self, page: PointsPage) -> tuple[list[Point], int]:
        """Return a page of the ranking, and how many match at all; ranks are left open."""
        parts = await self.ask_all(POINTS, page)
        descending = page.order == "desc"
        total = sum(part.total for part in parts)
        if len(parts) == 1:
            return parts[0].points, total
        points = [point for part in parts for point in part.points]

        def sort() -> list[Point]:
            points.sort(key=lambda point: point.id, reverse=not descending)
            points.sort(key=lambda point: point.value, reverse=descending)
            return points[: page.limit]

        return await run_heavy(sort), total

    async def ranked(self, points: Sequence[Point]) -> list[Point]:
        """Return the points with their ranks."""
        places = [Place(value=point.value, id=point.id) for point in points]
        parts = await self.ask_all(AHEAD, Ahead(places=places))
        counts = zip(*(part.counts for part in parts), strict=True)

        def copies() -> list[Point]:
            return [
                point.model_copy(update={"rank": 1 + sum(ahead)})
                for point, ahead in zip(points, counts, strict=True)
            ]

        return await run_heavy(copies) if len(points) > _FEW else copies()

    async def coalitions(self, page: CoalitionsPage) -> tuple[list[ValuedCoalition], int]:
        """Return a page of the coalitions, and how many match at all."""
        parts = await self.ask_all(COALITIONS, page)
        best = heapq.merge(
            *(part.coalitions for part in parts), key=lambda one: (-one.value, one.partition)
        )
        found = [one for one, _ in zip(best, range(page.limit), strict=False)]
        return found, sum(part.total for part in parts)

    async def coalition(self, name: str) -> CoalitionDetail | None:
        """Return a coalition, None where there is none of that id."""
        parts = await self.ask_all(COALITION, CoalitionAsked(id=name))
        return next((part.coalition for part in parts if part.coalition), None)

    async def providers(self) -> ProviderTable:
        """Return what each provider's points are worth; computed once for a state and weights."""
        return await self.snapshot.remembered.get(("providers", self.weights), self._providers)

    async def _providers(self) -> ProviderTable:
        sums = ProviderSums()
        await _together([self._add_providers(shard, sums) for shard in self._shards])
        return await run_heavy(sums.table)

    async def _add_providers(self, shard: Shard, sums: ProviderSums) -> int:
        """Take in all of a shard, some at a time; return how many."""
        start: int | None = 0
        count = 0
        while start is not None:
            part = await shard.ask(PROVIDERS, ProvidersAsked(start=start))
            await run_heavy(sums.add, part.providers)
            count += len(part.providers)
            start = part.next
        return count

    async def summary(self) -> list[SummaryPart]:
        """Return the parts of the summary."""
        return await self.ask_all(SUMMARY, Nothing())

    async def rows(self, *, whole: bool) -> AsyncGenerator[pa.RecordBatch]:
        """Yield all points by partition, leaf and id, some thousand at a time."""
        homes = [(number, shard) for shard in self._shards for number in shard.numbers]
        for number, shard in sorted(homes, key=itemgetter(0)):
            leaf: int | None = 0
            while leaf is not None:
                part = await shard.ask(ROWS, RowsAsked(partition=number, leaf=leaf, whole=whole))
                yield read(part.table)
                leaf = part.next

    async def history(self, name: str) -> tuple[list[HistoryEntry], float | None]:
        """Return what a point was worth in the corpus of each time, and how far back that goes."""
        parts = await self.ask_all(HISTORY, CoalitionAsked(id=name))
        sizes = [part.sizes for part in await self.ask_all(SIZES, Nothing())]
        entries = [
            _entry(point, sum(_size_at(each, point.view_at) for each in sizes))
            for part in parts
            for point in part.entries
        ]
        reaches = [part.reach for part in parts if part.reach is not None]
        return sorted(entries, key=lambda entry: entry.written_at), max(reaches, default=None)

    async def ask_all(self, operation: Operation[Asked, Told], asked: Asked) -> list[Told]:
        """Put a question to every shard."""
        return await _together([shard.ask(operation, asked) for shard in self._shards])


async def _together(questions: Sequence[Coroutine[Any, Any, Done]]) -> list[Done]:
    """Wait for all answers; a single one needs no task of its own."""
    if len(questions) == 1:
        return [await questions[0]]
    return await asyncio.gather(*questions) if questions else []


def _entry(point: HistoryPoint, whole: int) -> HistoryEntry:
    share = point.points / max(whole, 1)
    return HistoryEntry(
        update=point.update,
        offset=point.offset,
        event_time=point.event_time,
        written_at=point.written_at,
        points=whole,
        value=share * point.value,
        stderr=share * point.stderr,
        leaf=point.leaf,
    )


def _size_at(sizes: Sequence[CorpusSize], moment: float) -> int:
    """Return how many points a shard had then, or at the earliest time that it knows of."""
    before = [size.points for size in sizes if size.written_at <= moment]
    return before[-1] if before else sizes[0].points if sizes else 0
