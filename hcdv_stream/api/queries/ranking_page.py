"""A page of the ranking of all examples, by value or by doubt."""

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import Field

from hcdv_stream.api.models.answers import Model, Point
from hcdv_stream.api.queries.ordered import Column, Order, Ordering, first_examples
from hcdv_stream.api.queries.places_ahead import Place
from hcdv_stream.api.queries.query import CorpusQuery, ShardContext, ShardScope
from hcdv_stream.api.views.descriptions import point_of
from hcdv_stream.api.views.filters import PointFilter


class RankingParameters(Model):
    """So many examples behind a place, of those that meet the conditions."""

    order: Order
    by: Column = "value"
    limit: int
    after: Place | None = None
    only: PointFilter = Field(default_factory=PointFilter)


class RankingShardAnswer(Model):
    """The first of the examples that match, in order, and how many match at all."""

    points: list[Point]
    total: int


class RankingPage(NamedTuple):
    """The same of the whole corpus; ranks are left open."""

    points: list[Point]
    total: int


def _answer(context: ShardContext, parameters: RankingParameters) -> RankingShardAnswer:
    ordering = Ordering(parameters.by, parameters.order, parameters.limit, parameters.after)
    found, total = first_examples(context.values, ordering, parameters.only)
    points = [point_of(context.values, one.partition, one.found) for one in found]
    return RankingShardAnswer.model_construct(points=points, total=total)


def _plausible(parameters: RankingParameters, answer: RankingShardAnswer, _: ShardScope) -> bool:
    whole = parameters.by == "value" or all(point.doubt is not None for point in answer.points)
    return whole and len(answer.points) <= min(parameters.limit, answer.total)


def _merge(answers: Sequence[RankingShardAnswer], parameters: RankingParameters) -> RankingPage:
    total = sum(answer.total for answer in answers)
    if len(answers) == 1:
        return RankingPage(answers[0].points, total)
    descending = parameters.order == "desc"
    points = [point for answer in answers for point in answer.points]
    points.sort(key=lambda point: point.id, reverse=not descending)
    points.sort(key=lambda point: getattr(point, parameters.by), reverse=descending)
    return RankingPage(points[: parameters.limit], total)


RANKING_PAGE = CorpusQuery(
    name="points",
    parameters=RankingParameters,
    shard_answer=RankingShardAnswer,
    answer=_answer,
    merge=_merge,
    merges_heavily=True,
    plausible=_plausible,
)
