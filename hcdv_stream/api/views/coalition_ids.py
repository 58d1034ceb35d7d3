"""Ids of coalitions across partitions: ``p<partition>-l<leaf>`` and ``p<partition>-n<node>``."""

import re
from typing import NamedTuple

from hcdv_stream.valuation.tree.leaf import Leaf, Node

_NAME = re.compile(r"p(\d{1,9})-([ln])(\d{1,18})", re.ASCII)


class CoalitionId(NamedTuple):
    """The parts of an id; ``leaf`` tells a leaf from an inner node."""

    partition: int
    leaf: bool
    number: int


def leaf_id(partition: int, leaf: int) -> str:
    """Return the id of a leaf."""
    return f"p{partition}-l{leaf}"


def node_id(partition: int, node: int) -> str:
    """Return the id of an inner node."""
    return f"p{partition}-n{node}"


def id_of(partition: int, coalition: Leaf | Node) -> str:
    """Return the id of a leaf or an inner node."""
    named = leaf_id if isinstance(coalition, Leaf) else node_id
    return named(partition, coalition.id)


def parse_id(name: str) -> CoalitionId | None:
    """Return the parts of an id, None if it is none."""
    match = _NAME.fullmatch(name)
    return match and CoalitionId(int(match[1]), match[2] == "l", int(match[3]))
