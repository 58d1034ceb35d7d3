"""The tree as it grows: leaves under nodes, all leaves at one depth.

Like a B-tree: a node with too many children is cut in two, one with too few joins its nearest
sibling, a root grows a level above itself or drops one. Every change is local to a path.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hcdv_stream.valuation.embedding.grid import Embeddings, cosines
from hcdv_stream.valuation.state import EngineState
from hcdv_stream.valuation.tree.bisection import bisect, mean_direction
from hcdv_stream.valuation.tree.leaf import ROOT_PARENT, Leaf, LeafExamples, Node
from hcdv_stream.valuation.tree.sketch import Sketch

_UNDERFULL = 4
"""A node with one child, or fewer than a fourth of its most, joins a sibling."""


class Tree:
    """Nodes and leaves by id, and which of them changed since ``settle``.

    ``reshaped`` are nodes whose children changed, ``moved`` leaves that only got another parent,
    ``gone_leaves`` and ``gone_nodes`` ids that were there at the last settling.
    """

    def __init__(self, state: EngineState, branching: tuple[int, ...]) -> None:
        self.leaves = dict(state.leaves)
        self.nodes = dict(state.nodes)
        self.root = state.header.root
        self.next_leaf = state.header.next_leaf
        self.next_node = state.header.next_node
        self._branching = branching
        sample = self.leaves[next(iter(self.leaves))]
        self._dimensions = len(sample.centroid)
        self._empty = Sketch.empty(sample.sketch.classes, self._dimensions)
        self.settle()

    def settle(self) -> None:
        """Forget what changed: it has been handed on."""
        self.reshaped: set[int] = set()
        self.moved: set[int] = set()
        self.gone_leaves: set[int] = set()
        self.gone_nodes: set[int] = set()
        self._settled = (self.next_leaf, self.next_node)

    def add_leaf(
        self, parent: int, centroid: Embeddings, examples: LeafExamples | None = None
    ) -> int:
        """Add a leaf under a node, which may overflow; return its id, higher than any before."""
        leaf = self.next_leaf
        self.next_leaf += 1
        nothing = LeafExamples.empty(self._dimensions)
        self.leaves[leaf] = Leaf(leaf, parent, centroid, examples or nothing, self._empty)
        self._set_children(parent, (*self.nodes[parent].children, leaf))
        self._relieve(parent)
        return leaf

    def remove_leaf(self, leaf: int) -> None:
        """Take a leaf out, and every node that is left without children."""
        parent = self.leaves.pop(leaf).parent
        if leaf < self._settled[0]:
            self.gone_leaves.add(leaf)
        self._remove_child(parent, leaf)

    def mend(self, node: int) -> None:
        """Let an underfull node join its nearest sibling, and drop a root with a single child.

        The node may be gone already. Its parent, which the join leaves with a child less, is next.
        """
        while len(self.nodes[self.root].children) == 1 and not self.nodes[self.root].is_lowest:
            (child,) = self.nodes[self.root].children
            self._drop_node(self.root)
            self.root = child
            self._set_parent([child], ROOT_PARENT)
        if node not in self.nodes or node == self.root:
            return
        own = self.nodes[node]
        siblings = [other for other in self.nodes[own.parent].children if other != node]
        least = max(2.0, self._most(own.height) / _UNDERFULL)
        if siblings and len(own.children) < least:
            directions = np.stack([self._direction(sibling) for sibling in siblings])
            closeness = cosines(directions, self._direction(node)[None, :])[:, 0]
            self._join(node, siblings[int(closeness.argmax())])
            self.mend(own.parent)

    def _join(self, node: int, sibling: int) -> None:
        own = self.nodes[node]
        self._set_children(sibling, (*self.nodes[sibling].children, *own.children))
        self._adopt(sibling)
        self._remove_child(own.parent, node)
        self._drop_node(node)
        self._relieve(sibling)

    def _relieve(self, node: int) -> None:
        """Cut a node with too many children in two, and so on upwards."""
        own = self.nodes[node]
        if len(own.children) <= self._most(own.height):
            return
        second = bisect(np.stack([self._child_direction(own, child) for child in own.children]))
        if node == self.root:
            self.root = self._new_node(ROOT_PARENT, own.height + 1, (node,))
            self._set_parent([node], self.root)
        above = self.nodes[node].parent
        taken = tuple(c for c, cut in zip(own.children, second, strict=True) if cut)
        kept = tuple(c for c, cut in zip(own.children, second, strict=True) if not cut)
        self._set_children(node, kept)
        sibling = self._new_node(above, own.height, taken)
        self._adopt(sibling)
        self._set_children(above, (*self.nodes[above].children, sibling))
        self._relieve(above)

    def _most(self, height: int) -> int:
        return self._branching[-1] if height == 1 else self._branching[0]

    def _new_node(self, parent: int, height: int, children: tuple[int, ...]) -> int:
        node = self.next_node
        self.next_node += 1
        self.nodes[node] = Node(node, parent, height, children, self._empty)
        self.reshaped.add(node)
        return node

    def _set_children(self, node: int, children: tuple[int, ...]) -> None:
        self.nodes[node] = replace(self.nodes[node], children=children)
        self.reshaped.add(node)

    def _adopt(self, node: int) -> None:
        own = self.nodes[node]
        if not own.is_lowest:
            self._set_parent(own.children, node)
            return
        for child in own.children:
            self.leaves[child] = replace(self.leaves[child], parent=node)
        self.moved.update(own.children)

    def _set_parent(self, nodes: Sequence[int], parent: int) -> None:
        for node in nodes:
            self.nodes[node] = replace(self.nodes[node], parent=parent)
        self.reshaped.update(nodes)

    def _remove_child(self, node: int, child: int) -> None:
        own = self.nodes[node]
        children = tuple(other for other in own.children if other != child)
        if children or node == self.root:
            self._set_children(node, children)
        else:
            self._drop_node(node)
            self._remove_child(own.parent, node)

    def _drop_node(self, node: int) -> None:
        del self.nodes[node]
        self.reshaped.discard(node)
        if node < self._settled[1]:
            self.gone_nodes.add(node)

    def _child_direction(self, node: Node, child: int) -> Embeddings:
        return self.leaves[child].centroid if node.is_lowest else self._direction(child)

    def _direction(self, node: int) -> Embeddings:
        own = self.nodes[node]
        return mean_direction(np.stack([self._child_direction(own, c) for c in own.children]))
