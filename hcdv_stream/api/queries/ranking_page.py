"""A page of the ranking of all examples, by value or by doubt."""

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import Field

from hcdv_stream.api.models.answers import Example, Model
from hcdv_stream.api.queries.query import CorpusQuery, ShardContext, ShardScope
from hcdv_stream.api.views.descriptions import example_of
from hcdv_stream.api.views.filters import ExampleFilter
from hcdv_stream.api.views.ordering import Column, Order, Ordering, Place, first_examples


class RankingParameters(Model):
    """So many examples behind a place, of those that meet the conditions."""

    order: Order
    by: Column = "value"
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


def _answer(context: ShardContext, parameters: RankingParameters) -> RankingShardAnswer:
    ordering = Ordering(parameters.by, parameters.order, parameters.limit, parameters.after)
    found, total = first_examples(context.values, ordering, parameters.only)
    examples = [example_of(context.values, one.partition, one.found) for one in found]
    return RankingShardAnswer.model_construct(examples=examples, total=total)


def _plausible(parameters: RankingParameters, answer: RankingShardAnswer, _: ShardScope) -> bool:
    whole = parameters.by == "value" or all(
        example.doubt is not None for example in answer.examples
    )
    return whole and len(answer.examples) <= min(parameters.limit, answer.total)


def _merge(answers: Sequence[RankingShardAnswer], parameters: RankingParameters) -> RankingPage:
    total = sum(answer.total for answer in answers)
    if len(answers) == 1:
        return RankingPage(answers[0].examples, total)
    descending = parameters.order == "desc"
    examples = [example for answer in answers for example in answer.examples]
    examples.sort(key=lambda example: example.id, reverse=not descending)
    examples.sort(key=lambda example: getattr(example, parameters.by), reverse=descending)
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
