"""Finds coalitions by their ids (``valuation/tree/coalition_ids.py``)."""

from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.api.views.scaled_values import Valuation
from hcdv_stream.valuation.tree.coalition_ids import parse_id
from hcdv_stream.valuation.tree.leaf import Leaf, Node


def find_coalition(valuation: Valuation, name: str) -> tuple[PartitionView, Leaf | Node] | None:
    """Return the coalition of that name, None where there is none."""
    named = parse_id(name)
    partition = named and valuation.partition(named.partition)
    if named is None or partition is None:
        return None
    state = partition.stored.state
    members = state.leaves if named.leaf else state.nodes
    coalition = members.get(named.number)
    return None if coalition is None else (partition, coalition)
