"""Ids of coalitions: ``p<partition>-l<leaf>`` and ``p<partition>-n<node>``.

The API, the estimator and the files of values spell them alike. A corpus of one tree, as a file
makes, is partition 0.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from hcdv_stream.valuation.tree.leaf import Leaf, Node

_ID = re.compile(r"p(\d{1,9})-([ln])(\d{1,18})", re.ASCII)


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
    spelled = leaf_id if isinstance(coalition, Leaf) else node_id
    return spelled(partition, coalition.id)


def path_ids(partition: int, nodes: Iterable[int], leaf: int) -> tuple[str, ...]:
    """Return the ids from the root through ``nodes`` to a leaf."""
    return (*(node_id(partition, node) for node in nodes), leaf_id(partition, leaf))


def parse_id(text: str) -> CoalitionId | None:
    """Return the parts of an id, None if ``text`` is not one."""
    match = _ID.fullmatch(text)
    return match and CoalitionId(int(match[1]), match[2] == "l", int(match[3]))
