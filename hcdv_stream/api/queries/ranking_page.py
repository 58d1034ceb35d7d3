"""A page of the ranking of all examples, read off columns of values without sorting the whole.

The order is total: by value, highest first, then by id; ``asc`` is its exact reverse.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field

from hcdv_stream.api.models.answers import Example, Model
from hcdv_stream.api.queries.places_ahead import Place
from hcdv_stream.api.queries.query import CorpusQuery, ShardContext, ShardScope
from hcdv_stream.api.views.columns import Integers
from hcdv_stream.api.views.descriptions import example_of
from hcdv_stream.api.views.filters import ExampleFilter, mask
from hcdv_stream.api.views.id_index import ExampleLocation
from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.valuation.arrays import Floats

Order = Literal["desc", "asc"]


class RankingParameters(Model):
    """So many examples behind a place, of those that meet the conditions."""

    order: Order
    limit: int
    after: Place | None = None
    only: ExampleFilter = Field(default_factory=ExampleFilter)


class RankingShardAnswer(Model):
    """The first of the examples that match, in order, and how many match at all."""

    examples: list[Example]
    total: int


class RankingPage(NamedTuple):
    """The same of the whole corpus; ranks are left open."""

    examples: list[Example]
    total: int


class _Candidate(NamedTuple):
    value: float
    partition: PartitionView
    found: ExampleLocation


def _answer(context: ShardContext, parameters: RankingParameters) -> RankingShardAnswer:
    scaled, limit, after = context.values, parameters.limit, parameters.after
    descending = parameters.order == "desc"
    sign, total = (-1.0 if descending else 1.0), 0
    candidates: list[_Candidate] = []
    for partition, values in zip(scaled.partitions, scaled.values(), strict=True):
        kept = mask(parameters.only, scaled, partition, values)
        total += len(values) if kept is None else int(kept.sum())
        keys = sign * values
        if after is not None:
            behind = keys > sign * after.value
            for row in np.flatnonzero(values == after.value).tolist():
                name = partition.locate(row).id
                behind[row] = name > after.id if descending else name < after.id
            kept = behind if kept is None else kept & behind
        rows = None if kept is None else np.flatnonzero(kept)
        candidates += [
            _Candidate(float(values[row]), partition, partition.locate(row))
            for row in _first(keys, rows, limit).tolist()
        ]
    candidates.sort(key=lambda one: one.found.id, reverse=not descending)
    candidates.sort(key=lambda one: one.value, reverse=descending)
    examples = [example_of(scaled, one.partition, one.found) for one in candidates[:limit]]
    return RankingShardAnswer.model_construct(examples=examples, total=total)


def _first(keys: Floats, rows: Integers | None, limit: int) -> Integers:
    """Return the rows of the lowest keys, with all that equal the last of them."""
    chosen = keys if rows is None else keys[rows]
    if len(chosen) > limit:
        boundary = np.partition(chosen, limit - 1)[limit - 1]
        places = np.flatnonzero(chosen <= boundary)
        return places if rows is None else rows[places]
    return np.arange(len(keys)) if rows is None else rows


def _plausible(parameters: RankingParameters, answer: RankingShardAnswer, _: ShardScope) -> bool:
    return len(answer.examples) <= min(parameters.limit, answer.total)


def _merge(answers: Sequence[RankingShardAnswer], parameters: RankingParameters) -> RankingPage:
    total = sum(answer.total for answer in answers)
    if len(answers) == 1:
        return RankingPage(answers[0].examples, total)
    descending = parameters.order == "desc"
    examples = [example for answer in answers for example in answer.examples]
    examples.sort(key=lambda example: example.id, reverse=not descending)
    examples.sort(key=lambda example: example.value, reverse=descending)
    return RankingPage(examples[: parameters.limit], total)


RANKING_PAGE = CorpusQuery(
    name="examples",
    parameters=RankingParameters,
    shard_answer=RankingShardAnswer,
    answer=_answer,
    merge=_merge,
    merges_heavily=True,
    plausible=_plausible,
)
