"""Names of coalitions across partitions: ``p<partition>-l<leaf>`` and ``p<partition>-n<node>``."""

import re
from typing import NamedTuple

from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.api.views.scaled_values import ScaledValues
from hcdv_stream.valuation.tree.leaf import Leaf, Node

_NAME = re.compile(r"p(\d{1,9})-([ln])(\d{1,18})", re.ASCII)


class CoalitionId(NamedTuple):
    """What a name stands for."""

    partition: int
    leaf: bool
    number: int


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


def parse_id(name: str) -> CoalitionId | None:
    """Return what a name stands for, None where it is none."""
    match = _NAME.fullmatch(name)
    return match and CoalitionId(int(match[1]), match[2] == "l", int(match[3]))


def find_coalition(scaled: ScaledValues, name: str) -> tuple[PartitionView, Leaf | Node] | None:
    """Return the coalition of that name, None where there is none."""
    named = parse_id(name)
    partition = named and scaled.partition(named.partition)
    if named is None or partition is None:
        return None
    state = partition.stored.state
    members = state.leaves if named.leaf else state.nodes
    coalition = members.get(named.number)
    return None if coalition is None else (partition, coalition)
