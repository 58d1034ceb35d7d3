"""All providers of a corpus in one table, put together from the shards page by page."""

import math
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

from hcdv_stream.api.executors import run_heavy
from hcdv_stream.api.models.answers import Model
from hcdv_stream.api.queries.originals import LaterExamples, later_examples
from hcdv_stream.api.queries.query import Shard, ShardContext, ShardQuery, together
from hcdv_stream.api.views.scaled_values import DoubtSum


class ProvidersParameters(Model):
    """So many providers from a place on: a table may be long.

    With ``squares``, Σφ² of each is answered too.
    """

    start: int = 0
    limit: int = 4096
    squares: bool = False


class ShardProvider(Model):
    """A provider's examples in one shard; ``values`` add up to their value exactly.

    ``doubts`` are those of a ``DoubtSum``.
    """

    provider: str | None
    examples: int
    values: tuple[float, ...]
    variances: tuple[float, ...]
    squares: tuple[float, ...] = ()
    arrivals: int = 0
    copies: int = 0
    foreign: int = 0
    doubts: tuple[int, int, int] = (0, 0, 0)


class ProvidersShardAnswer(Model):
    """Providers of a shard, in any order, and where to go on; None: these were the last."""

    providers: list[ShardProvider]
    next: int | None = None


class ProviderTotal(NamedTuple):
    """What a provider's examples are worth together."""

    provider: str | None
    examples: int
    value: float
    stderr: float
    arrivals: int
    copies: int
    foreign: int
    squares: float = 0.0
    doubted: int = 0
    doubtful: int = 0
    doubt_units: int = 0

    @property
    def doubts(self) -> DoubtSum:
        """How much the labels of these examples are doubted."""
        return DoubtSum(self.doubted, self.doubtful, self.doubt_units)


_Row = tuple[str | None, int, float, float, int, int, int, float, int, int, int]
"""A ``ProviderTotal`` as a plain tuple, which the garbage collector forgets."""


class ProviderTable(NamedTuple):
    """Providers, highest value first, then by name; ``value`` is the sum over all.

    ``copies`` examples were taken out as copies of one in another partition.
    """

    rows: list[_Row]
    value: float
    copies: int = 0

    def page(self, start: int, stop: int) -> list[ProviderTotal]:
        """Return the providers of these places."""
        return [ProviderTotal._make(row) for row in self.rows[start:stop]]

    def named(self) -> "ProviderTable":
        """Return the table without the examples that name no provider."""
        return self._replace(rows=[row for row in self.rows if row[0] is not None])

    def values(self) -> list[float]:
        """Return what each provider's examples are worth."""
        return [row[2] for row in self.rows]

    def squares(self) -> list[float]:
        """Return Σφ² of each, 0 where that was not wanted."""
        return [row[7] for row in self.rows]


def _answer(context: ShardContext, parameters: ProvidersParameters) -> ProvidersShardAnswer:
    providers, counts = context.values.providers, context.values.arrivals
    doubts = context.values.doubts
    squares = context.values.squares if parameters.squares else {}
    stop = parameters.start + parameters.limit
    nothing = (0, 0, 0)
    return ProvidersShardAnswer.model_construct(
        providers=[
            ShardProvider.model_construct(
                provider=name,
                examples=examples,
                values=values,
                variances=variances,
                squares=squares.get(name, ()),
                arrivals=counts.get(name, nothing)[0],
                copies=counts.get(name, nothing)[1],
                foreign=counts.get(name, nothing)[2],
                doubts=doubts.get(name, nothing),
            )
            for name, (examples, values, variances) in islice(
                providers.items(), parameters.start, stop
            )
        ],
        next=stop if stop < len(providers) else None,
    )


PROVIDERS = ShardQuery(
    name="providers",
    parameters=ProvidersParameters,
    shard_answer=ProvidersShardAnswer,
    answer=_answer,
)


async def provider_table(
    shards: Sequence[Shard], *, squares: bool = False, once: bool = False
) -> ProviderTable:
    """Return what each provider's examples are worth; with ``squares``, Σφ² of each too.

    With ``once`` an example counts once, also if a copy of it is in another partition.
    """
    sums = ProviderSums()
    await together([_add_all(shard, sums, squares) for shard in shards])
    if once:
        sums.take_out(await later_examples(shards))
    return await run_heavy(sums.table)


async def _add_all(shard: Shard, sums: "ProviderSums", squares: bool) -> None:
    start: int | None = 0
    while start is not None:
        answer = await shard.ask(PROVIDERS, ProvidersParameters(start=start, squares=squares))
        await run_heavy(sums.add, answer.providers)
        start = answer.next


class ProviderSums:
    """Adds up what shards answer, page by page."""

    def __init__(self) -> None:
        self._examples: dict[str | None, int] = {}
        self._values: dict[str | None, tuple[float, ...]] = {}
        self._variances: dict[str | None, tuple[float, ...]] = {}
        self._squares: dict[str | None, tuple[float, ...]] = {}
        self._arrivals: dict[str | None, tuple[int, int, int]] = {}
        self._doubts: dict[str | None, tuple[int, int, int]] = {}
        self._copies = 0

    def add(self, providers: list[ShardProvider]) -> None:
        """Take in some providers of a shard."""
        for one in providers:
            name = one.provider
            self._examples[name] = self._examples.get(name, 0) + one.examples
            self._values[name] = self._values.get(name, ()) + one.values
            self._variances[name] = self._variances.get(name, ()) + one.variances
            self._squares[name] = self._squares.get(name, ()) + one.squares
            arrivals, copies, foreign = self._arrivals.get(name, (0, 0, 0))
            self._arrivals[name] = (
                arrivals + one.arrivals,
                copies + one.copies,
                foreign + one.foreign,
            )
            doubted, doubtful, units = self._doubts.get(name, (0, 0, 0))
            more = one.doubts
            self._doubts[name] = (doubted + more[0], doubtful + more[1], units + more[2])

    def take_out(self, later: Sequence[LaterExamples]) -> None:
        """Take the value of some examples out; they still count as their providers' examples."""
        for one in later:
            name = one.provider
            self._values[name] += tuple(-value for value in one.values)
            if self._squares[name]:
                self._squares[name] += tuple(-square for square in one.squares)
            self._copies += one.examples

    def table(self) -> ProviderTable:
        """Return the table of all."""
        rows: list[_Row] = [
            (
                name,
                examples,
                math.fsum(self._values[name]),
                math.sqrt(math.fsum(self._variances[name])),
                *self._arrivals[name],
                math.fsum(self._squares[name]),
                *self._doubts[name],
            )
            for name, examples in self._examples.items()
        ]
        value = math.fsum(value for values in self._values.values() for value in values)
        return ProviderTable(_sorted(rows), value, self._copies)


def _sorted(rows: list[_Row]) -> list[_Row]:
    """Sort by value in numpy, which lets other threads run, and equal values by name."""
    values = np.array([row[2] for row in rows])
    order = np.argsort(-values, kind="stable")
    ties = np.flatnonzero(np.diff(values[order]) == 0)
    for run in np.split(ties, np.flatnonzero(np.diff(ties) > 1) + 1) if len(ties) else ():
        tied = slice(int(run[0]), int(run[-1]) + 2)
        order[tied] = sorted(order[tied].tolist(), key=lambda row: _name_order(rows[row][0]))
    return [rows[row] for row in order.tolist()]


def _name_order(name: str | None) -> tuple[bool, str]:
    return name is not None, name or ""
