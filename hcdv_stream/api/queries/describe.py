"""Points and coalitions of a valuation as the models that answers are made of."""

from hcdv_stream.api.models.answers import Coalition, Point
from hcdv_stream.api.models.shards import CoalitionDetail
from hcdv_stream.api.views.id_index import Found
from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.api.views.scaled_values import Valuation
from hcdv_stream.valuation.tree.coalition_ids import id_of, leaf_id, node_id
from hcdv_stream.valuation.tree.leaf import Leaf, Node
from hcdv_stream.valuation.tree.tree import ROOT_PARENT
from hcdv_stream.valuation.values import Worth


def point_of(valuation: Valuation, partition: PartitionView, found: Found) -> Point:
    """Describe a point; its rank is left open."""
    leaf, row, number = found.leaf, found.row, partition.number
    worth = valuation.point(partition, found)
    nodes = partition.corpus.path(leaf.id)
    return Point.model_construct(
        id=leaf.points.ids[row],
        label=partition.identity.classes[leaf.points.labels[row]],
        provider=leaf.points.providers[row],
        event_time=float(leaf.points.timestamps[row]),
        value=worth.value,
        stderr=worth.error,
        rank=None,
        partition=number,
        leaf=leaf_id(number, leaf.id),
        path=[*(node_id(number, node) for node in nodes), leaf_id(number, leaf.id)],
    )


def coalition_of(worth: Worth, partition: PartitionView, coalition: Leaf | Node) -> Coalition:
    """Describe a coalition of that worth."""
    number, parent = partition.number, coalition.parent
    counts = coalition.sketch.points.tolist()
    return Coalition(
        id=id_of(number, coalition),
        kind="leaf" if isinstance(coalition, Leaf) else "node",
        partition=number,
        height=0 if isinstance(coalition, Leaf) else coalition.height,
        parent=None if parent == ROOT_PARENT else node_id(number, parent),
        points=sum(counts),
        classes=dict(zip(partition.identity.classes, counts, strict=True)),
        value=worth.value,
        stderr=worth.error,
    )


def detail_of(worth: Worth, partition: PartitionView, coalition: Leaf | Node) -> CoalitionDetail:
    """Describe a coalition with its children and the way down to it."""
    number = partition.number
    children: list[str] = []
    if isinstance(coalition, Node):
        named = leaf_id if coalition.height == 1 else node_id
        children = [named(number, child) for child in coalition.children]
    return CoalitionDetail(
        **dict(coalition_of(worth, partition, coalition)),
        children=children,
        path=[node_id(number, node) for node in ancestors(partition, coalition)],
    )


def ancestors(partition: PartitionView, coalition: Leaf | Node) -> list[int]:
    """Return the nodes from the root down to a coalition's parent."""
    nodes, parent, path = partition.stored.state.nodes, coalition.parent, list[int]()
    while parent != ROOT_PARENT:
        path.append(parent)
        parent = nodes[parent].parent
    return path[::-1]
