"""All providers of a corpus in one table, put together from the shards page by page."""

import math
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

from hcdv_stream.api.executors import run_heavy
from hcdv_stream.api.models.answers import Model
from hcdv_stream.api.queries.query import Shard, ShardContext, ShardQuery, together


class ProvidersParameters(Model):
    """So many providers from a place on: a table may be long."""

    start: int = 0
    limit: int = 4096


class ShardProvider(Model):
    """A provider's examples in one shard; ``values`` add up to their value exactly."""

    provider: str | None
    points: int
    values: list[float]
    variances: list[float]
    arrivals: int = 0
    copies: int = 0
    foreign: int = 0


class ProvidersShardAnswer(Model):
    """Providers of a shard, in any order, and where to go on; None: these were the last."""

    providers: list[ShardProvider]
    next: int | None = None


class ProviderTotal(NamedTuple):
    """What a provider's examples are worth together."""

    provider: str | None
    points: int
    value: float
    stderr: float
    arrivals: int
    copies: int
    foreign: int


class ProviderTable(NamedTuple):
    """Providers, highest value first, then by name; ``value`` is the sum over all."""

    totals: list[ProviderTotal]
    value: float


def _answer(context: ShardContext, parameters: ProvidersParameters) -> ProvidersShardAnswer:
    providers, counts = context.values.providers, context.values.arrivals
    stop = parameters.start + parameters.limit
    nothing = (0, 0, 0)
    return ProvidersShardAnswer.model_construct(
        providers=[
            ShardProvider.model_construct(
                provider=name,
                points=one.points,
                values=one.values,
                variances=one.variances,
                arrivals=counts.get(name, nothing)[0],
                copies=counts.get(name, nothing)[1],
                foreign=counts.get(name, nothing)[2],
            )
            for name, one in islice(providers.items(), parameters.start, stop)
        ],
        next=stop if stop < len(providers) else None,
    )


PROVIDERS = ShardQuery(
    name="providers",
    parameters=ProvidersParameters,
    shard_answer=ProvidersShardAnswer,
    answer=_answer,
)


async def provider_table(shards: Sequence[Shard]) -> ProviderTable:
    """Return what each provider's examples are worth."""
    sums = ProviderSums()
    await together([_add_all(shard, sums) for shard in shards])
    return await run_heavy(sums.table)


async def _add_all(shard: Shard, sums: "ProviderSums") -> None:
    start: int | None = 0
    while start is not None:
        answer = await shard.ask(PROVIDERS, ProvidersParameters(start=start))
        await run_heavy(sums.add, answer.providers)
        start = answer.next


class ProviderSums:
    """Adds up what shards answer, page by page."""

    def __init__(self) -> None:
        self._points: dict[str | None, int] = {}
        self._values: dict[str | None, list[float]] = {}
        self._variances: dict[str | None, list[float]] = {}
        self._arrivals: dict[str | None, tuple[int, int, int]] = {}

    def add(self, providers: list[ShardProvider]) -> None:
        """Take in some providers of a shard."""
        for one in providers:
            self._points[one.provider] = self._points.get(one.provider, 0) + one.points
            self._values.setdefault(one.provider, []).extend(one.values)
            self._variances.setdefault(one.provider, []).extend(one.variances)
            arrivals, copies, foreign = self._arrivals.get(one.provider, (0, 0, 0))
            self._arrivals[one.provider] = (
                arrivals + one.arrivals,
                copies + one.copies,
                foreign + one.foreign,
            )

    def table(self) -> ProviderTable:
        """Return the table of all."""
        totals = [
            ProviderTotal(
                name,
                points,
                math.fsum(self._values[name]),
                math.sqrt(math.fsum(self._variances[name])),
                *self._arrivals[name],
            )
            for name, points in self._points.items()
        ]
        value = math.fsum(value for values in self._values.values() for value in values)
        return ProviderTable(_sorted(totals), value)


def _sorted(totals: list[ProviderTotal]) -> list[ProviderTotal]:
    """Sort by value in numpy, which lets other threads run, and equal values by name."""
    values = np.array([total.value for total in totals])
    order = np.argsort(-values, kind="stable")
    ties = np.flatnonzero(np.diff(values[order]) == 0)
    for run in np.split(ties, np.flatnonzero(np.diff(ties) > 1) + 1) if len(ties) else ():
        tied = slice(int(run[0]), int(run[-1]) + 2)
        order[tied] = sorted(order[tied].tolist(), key=lambda row: _name_order(totals[row]))
    return [totals[row] for row in order.tolist()]


def _name_order(total: ProviderTotal) -> tuple[bool, str]:
    return total.provider is not None, total.provider or ""
