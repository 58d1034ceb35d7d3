"""A query: its parameters, what one shard answers, and how the answers of all shards merge.

A shard is some partitions of the corpus in one view, in this process or behind a gateway. Values in
a shard's answer are already those in the whole corpus, and sums over examples are floats that add
up to them exactly, so that a merged answer has the bits that one shard alone would give. JSON
writes floats so that they are read back to the bit.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from hcdv_stream.api.executors import Executor, run_heavy
from hcdv_stream.api.models.answers import Model
from hcdv_stream.api.views.kept_views import KeptViews
from hcdv_stream.api.views.scaled_values import ScaledValues

Parameters = TypeVar("Parameters", bound=Model)
ShardAnswer = TypeVar("ShardAnswer", bound=Model)
Merged = TypeVar("Merged")
Result = TypeVar("Result")


class NoParameters(Model):
    """Parameters of a query that has none."""


class ShardContext(NamedTuple):
    """What a shard computes its answers from.

    ``values`` are those of the shard's partitions in one view, ``kept`` are the views of the past,
    ``numbers`` the shard's partitions.
    """

    values: ScaledValues
    kept: KeptViews
    numbers: frozenset[int]
    game: str


class ShardScope(NamedTuple):
    """What a gateway knows of a shard before it asks: how many classes, and which partitions."""

    classes: int
    numbers: frozenset[int]


def heavy(_context: ShardContext, _parameters: Model) -> Executor:
    """Compute the answer in its turn, like everything that reads all values."""
    return Executor.HEAVY


def short(_context: ShardContext, _parameters: Model) -> Executor:
    """Compute the answer in a thread, without waiting for long computations."""
    return Executor.THREAD


def anything(_parameters: Model, _answer: Model, _scope: ShardScope) -> bool:
    """Accept whatever has the fields of an answer."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardQuery(Generic[Parameters, ShardAnswer]):
    """What one shard can be asked.

    A gateway refuses a foreign shard's answer that is not ``plausible``. Nobody can see that
    a value is wrong; the check is of what merging relies on.
    """

    name: str
    parameters: type[Parameters]
    shard_answer: type[ShardAnswer]
    answer: Callable[[ShardContext, Parameters], ShardAnswer]
    plausible: Callable[[Parameters, ShardAnswer, ShardScope], bool] = anything
    executor: Callable[[ShardContext, Parameters], Executor] = heavy


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusQuery(ShardQuery[Parameters, ShardAnswer], Generic[Parameters, ShardAnswer, Merged]):
    """What a corpus can be asked: every shard gets the same parameters, once.

    If ``merges_heavily``, answers of several shards are merged like a long computation.
    """

    merge: Callable[[Sequence[ShardAnswer], Parameters], Merged]
    merges_heavily: bool = False


class Shard(Protocol):
    """Some partitions that no other shard answers for."""

    numbers: frozenset[int]

    async def ask(
        self, query: ShardQuery[Parameters, ShardAnswer], parameters: Parameters
    ) -> ShardAnswer:
        """Return this shard's answer."""


async def ask_corpus(
    shards: Sequence[Shard],
    query: CorpusQuery[Parameters, ShardAnswer, Merged],
    parameters: Parameters,
) -> Merged:
    """Return the answer of all shards, merged."""
    answers = await ask_shards(shards, query, parameters)
    if query.merges_heavily and len(answers) > 1:
        return await run_heavy(query.merge, answers, parameters)
    return query.merge(answers, parameters)


async def ask_shards(
    shards: Sequence[Shard], query: ShardQuery[Parameters, ShardAnswer], parameters: Parameters
) -> list[ShardAnswer]:
    """Return the answer of each shard."""
    return await together([shard.ask(query, parameters) for shard in shards])


async def together(answers: Sequence[Coroutine[Any, Any, Result]]) -> list[Result]:
    """Wait for all answers; a single one needs no task of its own."""
    if len(answers) == 1:
        return [await answers[0]]
    return await asyncio.gather(*answers) if answers else []
