"""Examples by id."""

from collections.abc import Callable, Iterable, Sequence

from hcdv_stream.api.executors import Executor
from hcdv_stream.api.models.answers import Example, Model
from hcdv_stream.api.queries.query import Shard, ShardContext, ShardQuery, ShardScope, together
from hcdv_stream.api.views.descriptions import example_of

_FEW = 32
"""So many examples are found while all other requests wait: a millisecond."""


class FindParameters(Model):
    """The ids."""

    ids: list[str]


class FindShardAnswer(Model):
    """The examples that there are, in any order."""

    examples: list[Example]


def _answer(context: ShardContext, parameters: FindParameters) -> FindShardAnswer:
    scaled = context.values
    places = (scaled.find(name) for name in dict.fromkeys(parameters.ids))
    examples = [example_of(scaled, *place) for place in places if place]
    return FindShardAnswer.model_construct(examples=examples)


def _plausible(parameters: FindParameters, answer: FindShardAnswer, _: ShardScope) -> bool:
    return {example.id for example in answer.examples} <= set(parameters.ids)


def _executor(context: ShardContext, parameters: FindParameters) -> Executor:
    """Other games than the routed one compute values of a whole partition at the first read."""
    few = context.game == "routed" and len(parameters.ids) <= _FEW
    return Executor.LOOP if few else Executor.THREAD


FIND = ShardQuery(
    name="find",
    parameters=FindParameters,
    shard_answer=FindShardAnswer,
    answer=_answer,
    plausible=_plausible,
    executor=_executor,
)


async def find_examples(
    shards: Sequence[Shard], home: Callable[[str], int | None], ids: Iterable[str]
) -> dict[str, Example]:
    """Return those of the examples that are there.

    ``home`` gives the partition that an id belongs to, None if nobody knows. Each id is looked for
    there first, and in other shards only if it is not there.
    """
    names = dict.fromkeys(ids)
    found: dict[str, Example] = {}
    first: list[list[str]] = [[] for _ in shards]
    if len(shards) > 1:
        shard_of = {number: place for place, shard in enumerate(shards) for number in shard.numbers}
        for name in names:
            number = home(name)
            if number is not None and number in shard_of:
                first[shard_of[number]].append(name)
        await _find_in(shards, first, found)
    left = [name for name in names if name not in found]
    already = [set(names) for names in first]
    rest = [[name for name in left if name not in names] for names in already]
    await _find_in(shards, rest, found)
    return found


async def _find_in(
    shards: Sequence[Shard], ids_of: Sequence[list[str]], found: dict[str, Example]
) -> None:
    answers = await together(
        [
            shard.ask(FIND, FindParameters(ids=ids))
            for shard, ids in zip(shards, ids_of, strict=True)
            if ids
        ]
    )
    for answer in answers:
        found |= {example.id: example for example in answer.examples}
