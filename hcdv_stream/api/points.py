"""``/v1/points``: single points, several by id, the most and least valuable ones."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from hcdv_stream.api.asking import Asked, AskedNow
from hcdv_stream.api.coalition_ids import leaf_id, node_id
from hcdv_stream.api.models import BatchAnswer, BatchRequest, Point, PointAnswer, PointsAnswer
from hcdv_stream.api.partition_view import Found, PartitionView
from hcdv_stream.api.problems import described, unknown
from hcdv_stream.valuation.readings import Worth

router = APIRouter(tags=["points"])

Rank = Annotated[bool, Query(description="Also say the rank, which reads every value.")]


@router.get("/v1/points/{id:path}", responses=described(HTTPStatus.NOT_FOUND))
def read_point(asked: AskedNow, id: str, rank: Rank = False) -> PointAnswer:
    """One example, by its id."""
    place = asked.view.find(id)
    if place is None:
        raise unknown("point", id)
    point = _point(asked, *place)
    if rank:
        point = point.model_copy(update={"rank": asked.valuation.rank(place[0], id, point.value)})
    return PointAnswer(**dict(point), **dict(asked.answer()))


@router.post("/v1/points:batchGet")
def read_points(asked: AskedNow, request: BatchRequest) -> BatchAnswer:
    """Up to 1,000 examples by id, all as of the same updates."""
    places = {name: asked.view.find(name) for name in request.ids}
    points = [_point(asked, *place) for place in places.values() if place]
    missing = [name for name, place in places.items() if not place]
    return BatchAnswer(points=points, missing=missing, **dict(asked.answer()))


@router.get("/v1/points")
def rank_points(
    asked: AskedNow,
    order: Annotated[
        Literal["desc", "asc"], Query(description="desc: most valuable first.")
    ] = "desc",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
) -> PointsAnswer:
    """The most or the least valuable examples of the whole corpus."""
    points = []
    for rank, partition, name, worth in asked.valuation.ranked(limit, descending=order == "desc"):
        found = partition.find(name)
        assert found is not None, "ranked by the same view"
        points.append(_point(asked, partition, found, worth, rank))
    return PointsAnswer(points=points, **dict(asked.answer()))


def _point(
    asked: Asked,
    partition: PartitionView,
    found: Found,
    worth: Worth | None = None,
    rank: int | None = None,
) -> Point:
    leaf, row, number = found.leaf, found.row, partition.number
    if worth is None:
        worth = asked.valuation.point(partition, found)
    nodes = partition.corpus.path(leaf.id)
    return Point(
        id=leaf.points.ids[row],
        label=asked.view.classes[leaf.points.labels[row]],
        provider=leaf.points.providers[row],
        event_time=float(leaf.points.timestamps[row]),
        value=worth.value,
        stderr=worth.error,
        rank=rank,
        partition=number,
        leaf=leaf_id(number, leaf.id),
        path=[*(node_id(number, node) for node in nodes), leaf_id(number, leaf.id)],
    )
