"""What a valuation of some partitions answers to the questions behind pictures."""

from collections.abc import Iterator

import numpy as np

from hcdv_stream.api.models.live_page import (
    Extremes,
    SpreadAsked,
    SpreadPart,
    TreeAsked,
    TreePart,
    UpdatesPart,
    Written,
)
from hcdv_stream.api.models.shards import Nothing
from hcdv_stream.api.queries.coalition_ids import find_coalition
from hcdv_stream.api.queries.describe import ancestors
from hcdv_stream.api.views.columns import Floats
from hcdv_stream.api.views.kept_views import KeptViews
from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.api.views.scaled_values import Valuation
from hcdv_stream.valuation.tree.coalition_ids import id_of, node_id
from hcdv_stream.valuation.tree.leaf import Leaf, Node
from hcdv_stream.valuation.tree.tree import ROOT_PARENT


def tree(valuation: Valuation, asked: TreeAsked) -> TreePart:
    """Return whole levels from the top, as many as fit."""
    if asked.root is None:
        tops = [(part, _root(part)) for part in valuation.partitions]
        members = [one for top in tops for one in _levels(*top, asked)]
        return _columns(valuation, members, [])
    found = find_coalition(valuation, asked.root)
    if found is None:
        return TreePart(
            found=False, path=[], ids=[], parents=[], children=[], points=[], classes=[], values=[]
        )
    partition, top = found
    path = [node_id(partition.number, node) for node in ancestors(partition, top)]
    return _columns(valuation, list(_levels(partition, top, asked)), path)


def _root(partition: PartitionView) -> Node:
    state = partition.stored.state
    return state.nodes[state.header.root]


def _levels(
    partition: PartitionView, top: Leaf | Node, asked: TreeAsked
) -> Iterator[tuple[PartitionView, Leaf | Node]]:
    level, given = [top], 0
    for depth in range(asked.depth + 1):
        if not level or (depth and given + len(level) > asked.limit):
            return
        yield from ((partition, one) for one in level)
        given += len(level)
        level = [child for one in level for child in _children(partition, one)]


def _children(partition: PartitionView, coalition: Leaf | Node) -> list[Leaf | Node]:
    if isinstance(coalition, Leaf):
        return []
    state = partition.stored.state
    if coalition.height == 1:
        return [state.leaves[child] for child in coalition.children]
    return [state.nodes[child] for child in coalition.children]


def _columns(
    valuation: Valuation, members: list[tuple[PartitionView, Leaf | Node]], path: list[str]
) -> TreePart:
    classes = [one.sketch.points.tolist() for _, one in members]
    return TreePart(
        found=True,
        path=path,
        ids=[id_of(part.number, one) for part, one in members],
        parents=[
            None if one.parent == ROOT_PARENT else node_id(part.number, one.parent)
            for part, one in members
        ],
        children=[0 if isinstance(one, Leaf) else len(one.children) for _, one in members],
        points=[sum(counts) for counts in classes],
        classes=classes,
        values=[valuation.coalition(*member).value for member in members],
    )


def extremes(valuation: Valuation, asked: Nothing) -> Extremes:
    """Return the lowest and the highest value."""
    columns = [values for values in valuation.values() if len(values)]
    if not columns:
        return Extremes(least=None, most=None)
    return Extremes(
        least=min(float(values.min()) for values in columns),
        most=max(float(values.max()) for values in columns),
    )


def spread(valuation: Valuation, asked: SpreadAsked) -> SpreadPart:
    """Count values by class and bin."""
    edges = np.array(asked.edges)
    count = len(valuation.partitions[0].identity.classes) if valuation.partitions else 0
    cells = np.zeros((count, len(edges) + 1), np.int64)
    negative = np.zeros(count, np.int64)
    for partition, values in zip(valuation.partitions, valuation.values(), strict=True):
        labels = partition.table.label.astype(np.int64)
        places = labels * cells.shape[1] + _bins(values, edges)
        cells += np.bincount(places, minlength=cells.size).reshape(cells.shape)
        negative += np.bincount(labels[values < 0], minlength=count)
    return SpreadPart(
        counts=cells[:, 1:-1].tolist(),
        below=cells[:, 0].tolist(),
        above=cells[:, -1].tolist(),
        negative=negative.tolist(),
    )


def _bins(values: Floats, edges: Floats) -> np.typing.NDArray[np.int64]:
    """Number the bins from 1; 0 is below, and behind the last one is above."""
    places = np.searchsorted(edges, values, side="right")
    return np.where(values == edges[-1], len(edges) - 1, places).astype(np.int64)


def updates(kept: KeptViews, numbers: frozenset[int]) -> UpdatesPart:
    """Return the updates whose views are kept, each once."""
    found: dict[tuple[int, float], Written] = {}
    for view in kept.history():
        for part in view.copies:
            position = part.position
            if part.number in numbers:
                found[part.number, position.written_at] = Written(
                    partition=part.number,
                    written_at=position.written_at,
                    latency=position.latency,
                    points=part.size,
                )
    return UpdatesPart(updates=list(found.values()))
