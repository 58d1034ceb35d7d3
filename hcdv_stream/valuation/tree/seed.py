"""Stage II: the hierarchy that a stream starts with, cut from the training side's embeddings."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.state import EngineState, Header
from hcdv_stream.valuation.tree.bisection import mean_direction, parts
from hcdv_stream.valuation.tree.centroids import Centroids
from hcdv_stream.valuation.tree.leaf import Leaf, LeafExamples, Node
from hcdv_stream.valuation.tree.sketch import Sketch


@dataclass(frozen=True, slots=True)
class SeedHierarchy:
    """A tree without examples: L leaves under N nodes.

    ``centroids`` (L, d) on the grid; ``parents`` int64 (L,) is each leaf's node; ``node_parents``
    int64 (N,) each node's, -1 at the root.
    """

    centroids: Embeddings
    parents: npt.NDArray[np.int64]
    node_parents: npt.NDArray[np.int64]

    def state(self, classes: int) -> EngineState:
        """Return the state of an engine that has seen nothing yet."""
        dimensions = self.centroids.shape[1]
        empty = Sketch.empty(classes, dimensions)
        nothing = LeafExamples.empty(dimensions)
        leaves = {
            leaf: Leaf(leaf, int(parent), self.centroids[leaf], nothing, empty)
            for leaf, parent in enumerate(self.parents)
        }
        nodes = {node: self._node(node, empty) for node in range(len(self.node_parents))}
        root = int(np.flatnonzero(self.node_parents == -1)[0])
        return EngineState(Header(root, len(leaves), len(nodes)), nodes, leaves)

    def _node(self, node: int, empty: Sketch) -> Node:
        below, height = np.flatnonzero(self.parents == node), 1
        if not len(below):
            below = np.flatnonzero(self.node_parents == node)
            height = self._node(int(below[0]), empty).height + 1
        return Node(node, int(self.node_parents[node]), height, tuple(below.tolist()), empty)


def build_seed(embeddings: Embeddings, config: EngineConfig) -> SeedHierarchy:
    """Cut n >= 1 grid unit vectors (n, d) into leaves of at most M, these into nodes, and so on up.

    Nodes start at most three quarters full, so that the first spawned leaves find room.
    """
    return grown_above(embeddings, parts(embeddings, config.leaf_size), config)


def grown_above(
    embeddings: Embeddings, groups: Sequence[npt.NDArray[np.intp]], config: EngineConfig
) -> SeedHierarchy:
    """Make a leaf of each group of rows, in their order, and grow the nodes above them."""
    centroids = np.stack([mean_direction(embeddings[rows]) for rows in groups])
    levels = [_grouped(centroids, config.branching[-1])]
    while len(levels[-1][1]) > 1:
        levels.append(_grouped(levels[-1][1], config.branching[0]))
    node_parents, first = [], 0
    for (_, nodes), (above, _) in pairwise(levels):
        first += len(nodes)
        node_parents.append(above + first)
    node_parents.append(np.array([-1]))
    return SeedHierarchy(centroids, levels[0][0], np.concatenate(node_parents))


def _grouped(vectors: Embeddings, most: int) -> tuple[npt.NDArray[np.int64], Embeddings]:
    """Group rows: the group of each, and the groups' directions."""
    groups = [np.arange(len(vectors))]
    if len(vectors) > most:
        groups = parts(vectors, max(2, most * 3 // 4))
    group_of = np.zeros(len(vectors), np.int64)
    for number, rows in enumerate(groups):
        group_of[rows] = number
    return group_of, np.stack([mean_direction(vectors[rows]) for rows in groups])


def nearest_distances(embeddings: Embeddings, hierarchy: SeedHierarchy) -> npt.NDArray[np.float64]:
    """Cosine distance of each row (n, d) to its nearest leaf, (n,): what ``tau`` is chosen from."""
    _, closeness = Centroids(dict(enumerate(hierarchy.centroids))).nearest(embeddings)
    distances: npt.NDArray[np.float64] = 1.0 - closeness
    return distances
