"""How many examples are ahead of given places in the ranking, and so the ranks of examples.

The ranking is total: by value, highest first, then by id.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from hcdv_stream.api.executors import run_heavy
from hcdv_stream.api.models.answers import Example, Model
from hcdv_stream.api.queries.query import (
    CorpusQuery,
    Shard,
    ShardContext,
    ShardScope,
    ask_corpus,
    short,
)
from hcdv_stream.api.views.ordering import Place
from hcdv_stream.api.views.scaled_values import ScaledValues

_FEW_PLACES = 16
"""So many places are counted one by one; for more, all values are sorted once."""
_FEW_COPIES = 100
"""So many examples are copied while others wait."""


class PlacesAheadParameters(Model):
    """The places."""

    places: list[Place]


class PlacesAheadShardAnswer(Model):
    """How many examples have a better rank than each place, in the same order."""

    counts: list[int]


def _answer(context: ShardContext, parameters: PlacesAheadParameters) -> PlacesAheadShardAnswer:
    return PlacesAheadShardAnswer(counts=list(_counts(context.values, parameters.places)))


def _counts(scaled: ScaledValues, places: Sequence[Place]) -> Iterator[int]:
    columns = scaled.values()
    ascending = scaled.ascending if len(places) > _FEW_PLACES else None
    for place in places:
        if ascending is None:
            higher = sum(int((values > place.value).sum()) for values in columns)
            equal = sum(int((values == place.value).sum()) for values in columns)
        else:
            stop = int(np.searchsorted(ascending, place.value, side="right"))
            higher = len(ascending) - stop
            equal = stop - int(np.searchsorted(ascending, place.value, side="left"))
        yield higher + (_ties(scaled, place) if equal else 0)


def _ties(scaled: ScaledValues, place: Place) -> int:
    """Return how many examples of just this value come before an id."""
    return sum(
        partition.locate(row).id < place.id
        for partition, values in zip(scaled.partitions, scaled.values(), strict=True)
        for row in np.flatnonzero(values == place.value).tolist()
    )


def _plausible(
    parameters: PlacesAheadParameters, answer: PlacesAheadShardAnswer, _: ShardScope
) -> bool:
    return len(answer.counts) == len(parameters.places) and min(answer.counts, default=0) >= 0


def _merge(answers: Sequence[PlacesAheadShardAnswer], _: PlacesAheadParameters) -> list[int]:
    return [sum(counts) for counts in zip(*(answer.counts for answer in answers), strict=True)]


PLACES_AHEAD = CorpusQuery(
    name="ahead",
    parameters=PlacesAheadParameters,
    shard_answer=PlacesAheadShardAnswer,
    answer=_answer,
    merge=_merge,
    plausible=_plausible,
    executor=short,
)


async def rank_examples(shards: Sequence[Shard], examples: Sequence[Example]) -> list[Example]:
    """Return the examples with their ranks."""
    places = [Place(value=example.value, id=example.id) for example in examples]
    counts = await ask_corpus(shards, PLACES_AHEAD, PlacesAheadParameters(places=places))

    def copies() -> list[Example]:
        return [
            example.model_copy(update={"rank": 1 + ahead})
            for example, ahead in zip(examples, counts, strict=True)
        ]

    return await run_heavy(copies) if len(examples) > _FEW_COPIES else copies()
