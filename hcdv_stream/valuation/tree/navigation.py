"""Ways through a tree: down to children and leaves, up to the root.

They work on whatever holds leaves and nodes by id: a state at rest as well as a tree that changes.
"""

from collections.abc import Mapping
from typing import Protocol

from hcdv_stream.valuation.tree.leaf import ROOT_PARENT, Leaf, Node


class LeavesAndNodes(Protocol):
    """Leaves and nodes by id."""

    @property
    def leaves(self) -> Mapping[int, Leaf]:
        """The leaves."""

    @property
    def nodes(self) -> Mapping[int, Node]:
        """The nodes."""


def children_of(tree: LeavesAndNodes, node: Node) -> list[Leaf | Node]:
    """Return a node's children in order; KeyError if one is missing."""
    below: Mapping[int, Leaf | Node] = tree.leaves if node.is_lowest else tree.nodes
    return [below[child] for child in node.children]


def leaves_below(nodes: Mapping[int, Node], coalition: Leaf | Node) -> list[int]:
    """Return the ids of the leaves that a leaf or node consists of."""
    if isinstance(coalition, Leaf):
        return [coalition.id]
    found: list[int] = []
    pending = [coalition]
    while pending:
        node = pending.pop()
        if node.is_lowest:
            found += node.children
        else:
            pending += [nodes[child] for child in node.children]
    return found


def path_up(nodes: Mapping[int, Node], node: int) -> list[int]:
    """Return a node's id and those of the nodes above it, the root last.

    ``ROOT_PARENT`` gives an empty path. Raises KeyError for a node that is not there.
    """
    path = []
    while node != ROOT_PARENT:
        path.append(node)
        node = nodes[node].parent
    return path
