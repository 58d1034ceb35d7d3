"""Where a run of records goes: the nearest leaf, or a new one where none is near."""

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.embedding.grid import Embeddings, cosines
from hcdv_stream.valuation.tree.centroids import Centroids
from hcdv_stream.valuation.tree.tree import Tree


def place(
    vectors: Embeddings, tree: Tree, centroids: Centroids, tau: float | None
) -> tuple[npt.NDArray[np.int64], list[int]]:
    """Leaf of each vector (n, d) in order, (n,), and the leaves spawned on the way.

    A vector farther than ``tau`` from every leaf founds one, under the parent of the leaf that was
    nearest, and later vectors may join it: the result is that of one vector at a time, however
    many come at once. ``tau`` None never spawns.
    """
    leaf, closeness = centroids.nearest(vectors)
    spawned: list[int] = []
    start = 0
    while tau is not None:
        far = np.flatnonzero(1.0 - closeness[start:] > tau)
        if not len(far):
            break
        founder = start + int(far[0])
        new = tree.add_leaf(tree.leaves[int(leaf[founder])].parent, vectors[founder])
        centroids.add(new, vectors[founder])
        spawned.append(new)
        leaf[founder] = new
        start = founder + 1
        again = cosines(vectors[start:], vectors[founder][None, :])[:, 0]
        closer = again > closeness[start:]
        leaf[start:][closer] = new
        closeness[start:][closer] = again[closer]
    return leaf, spawned
