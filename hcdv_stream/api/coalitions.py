"""``/v1/coalitions``: leaves and inner nodes of the partitions' trees."""

import heapq
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from hcdv_stream.api.asking import Asked, AskedNow
from hcdv_stream.api.coalition_ids import find_coalition, id_of, leaf_id, node_id
from hcdv_stream.api.models import Coalition, CoalitionAnswer, CoalitionsAnswer
from hcdv_stream.api.partition_view import PartitionView
from hcdv_stream.api.problems import described, unknown
from hcdv_stream.valuation.leaf import Leaf, Node
from hcdv_stream.valuation.readings import Worth
from hcdv_stream.valuation.tree import ROOT_PARENT

router = APIRouter(tags=["coalitions"])

Kind = Literal["leaf", "node", "root"]


@router.get("/v1/coalitions")
def list_coalitions(
    asked: AskedNow,
    kind: Annotated[
        Kind | None,
        Query(description="Only these; root: one for each partition, which add up to the whole."),
    ] = None,
    partition: Annotated[int | None, Query(ge=0, description="Only this partition's.")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
) -> CoalitionsAnswer:
    """Coalitions, most valuable first, ties by partition and number."""
    matching = [
        entry
        for entry in asked.valuation.coalitions
        if partition in {None, entry[1].number} and _is(entry[2], kind)
    ]
    best = heapq.nsmallest(
        limit, matching, key=lambda entry: (-entry[0].value, entry[1].number, entry[2].id)
    )
    return CoalitionsAnswer(
        coalitions=[_coalition(asked, *entry) for entry in best],
        total=len(matching),
        **dict(asked.answer()),
    )


@router.get("/v1/coalitions/{id}", responses=described(HTTPStatus.NOT_FOUND))
def read_coalition(asked: AskedNow, id: str) -> CoalitionAnswer:
    """One coalition, with its children and the way down to it."""
    found = find_coalition(asked.view, id)
    if found is None:
        raise unknown("coalition", id)
    partition, coalition = found
    number, worth = partition.number, asked.valuation.coalition(partition, coalition)
    children: list[str] = []
    if isinstance(coalition, Node):
        named = leaf_id if coalition.height == 1 else node_id
        children = [named(number, child) for child in coalition.children]
    return CoalitionAnswer(
        **dict(_coalition(asked, worth, partition, coalition)),
        children=children,
        path=[node_id(number, node) for node in _ancestors(partition, coalition)],
        **dict(asked.answer()),
    )


def _is(coalition: Leaf | Node, kind: Kind | None) -> bool:
    if kind is None:
        return True
    if kind == "root":
        return coalition.parent == ROOT_PARENT
    return isinstance(coalition, Leaf) == (kind == "leaf")


def _ancestors(partition: PartitionView, coalition: Leaf | Node) -> list[int]:
    nodes, parent, path = partition.stored.state.nodes, coalition.parent, list[int]()
    while parent != ROOT_PARENT:
        path.append(parent)
        parent = nodes[parent].parent
    return path[::-1]


def _coalition(
    asked: Asked, worth: Worth, partition: PartitionView, coalition: Leaf | Node
) -> Coalition:
    number, parent = partition.number, coalition.parent
    counts = coalition.sketch.points.tolist()
    return Coalition(
        id=id_of(number, coalition),
        kind="leaf" if isinstance(coalition, Leaf) else "node",
        partition=number,
        height=0 if isinstance(coalition, Leaf) else coalition.height,
        parent=None if parent == ROOT_PARENT else node_id(number, parent),
        points=sum(counts),
        classes=dict(zip(asked.view.classes, counts, strict=True)),
        value=worth.value,
        stderr=worth.error,
    )
