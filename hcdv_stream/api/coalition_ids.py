"""Names of coalitions across partitions: ``p<partition>-l<leaf>`` and ``p<partition>-n<node>``."""

import re

from hcdv_stream.api.partition_view import PartitionView
from hcdv_stream.api.view import View
from hcdv_stream.valuation.leaf import Leaf, Node

_NAME = re.compile(r"p(\d{1,9})-([ln])(\d{1,18})", re.ASCII)


def leaf_id(partition: int, leaf: int) -> str:
    """Return the name of a leaf."""
    return f"p{partition}-l{leaf}"


def node_id(partition: int, node: int) -> str:
    """Return the name of an inner node."""
    return f"p{partition}-n{node}"


def id_of(partition: int, coalition: Leaf | Node) -> str:
    """Return the name of either."""
    named = leaf_id if isinstance(coalition, Leaf) else node_id
    return named(partition, coalition.id)


def find_coalition(view: View, name: str) -> tuple[PartitionView, Leaf | Node] | None:
    """Return the coalition of that name, None where there is none."""
    match = _NAME.fullmatch(name)
    partition = view.partition(int(match[1])) if match else None
    if match is None or partition is None:
        return None
    state = partition.stored.state
    members = state.leaves if match[2] == "l" else state.nodes
    coalition = members.get(int(match[3]))
    return None if coalition is None else (partition, coalition)
