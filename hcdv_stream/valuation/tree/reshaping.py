"""What an update's end does to the tree: leaves that outgrew M are split, and every m updates a
rebalance merges leaves that are too small and moves centroids to where their examples are.

All of it is local to the leaves named, whatever the size of the corpus.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.tree.bisection import mean_direction, parts
from hcdv_stream.valuation.tree.centroids import Centroids
from hcdv_stream.valuation.tree.leaf import Leaf
from hcdv_stream.valuation.tree.leaf_edits import joined, subset
from hcdv_stream.valuation.tree.tree import Tree


@dataclass(slots=True)
class Reshaping:
    """What one reshaping did.

    ``filled`` leaves are new or hold other examples, ``centred`` ones have a new centroid,
    ``removed`` ones are gone, ``shrunk`` nodes lost a leaf to a merge; then counts.
    """

    filled: set[int] = field(default_factory=set)
    centred: set[int] = field(default_factory=set)
    removed: set[int] = field(default_factory=set)
    shrunk: set[int] = field(default_factory=set)
    split: int = 0
    merged: int = 0


def split_large(
    leaves: Iterable[int], tree: Tree, centroids: Centroids, config: EngineConfig, done: Reshaping
) -> None:
    """Split each of these leaves that holds more than M examples into parts that hold at most M."""
    for leaf in sorted(leaves):
        old = tree.leaves.get(leaf)
        if old is None or len(old.examples) <= config.leaf_size:
            continue
        for rows in parts(old.examples.embeddings, config.leaf_size):
            examples = subset(old.examples, rows)
            centroid = mean_direction(examples.embeddings)
            # the parent may be another one by now: adding the last part may have cut it in two
            new = tree.add_leaf(tree.leaves[leaf].parent, centroid, examples)
            centroids.add(new, centroid)
            done.filled.add(new)
            done.centred.add(new)
        _remove(leaf, tree, centroids, done)
        done.split += 1


def rebalance(
    touched: Collection[int],
    tree: Tree,
    centroids: Centroids,
    config: EngineConfig,
    done: Reshaping,
) -> None:
    """Merge away the small ones of these leaves, split what outgrew M by it, centre the others."""
    for leaf in sorted(touched):
        small = leaf in tree.leaves and len(tree.leaves[leaf].examples) < config.merge_below
        if small and len(tree.leaves) > 1:
            _merge(tree.leaves[leaf], tree, centroids, done)
    split_large(set(done.filled), tree, centroids, config, done)
    for leaf in sorted({*touched, *done.filled} & tree.leaves.keys()):
        _centre(tree.leaves[leaf], tree, centroids, done)
    for node in sorted(done.shrunk):
        tree.mend(node)


def forget_founder(leaf: Leaf, tree: Tree, centroids: Centroids, done: Reshaping) -> None:
    """Let nothing remain of a leaf's centroid, which is the embedding of an example that is gone.

    The leaf is centred on the examples that are left. If there is none, it goes; the only leaf of
    a tree gets a direction that says nothing.
    """
    if len(leaf.examples):
        _centre(leaf, tree, centroids, done)
    elif len(tree.leaves) > 1:
        _remove(leaf.id, tree, centroids, done)
        tree.mend(leaf.parent)
    else:
        centroid = np.zeros_like(leaf.centroid)
        centroid[0] = 1.0
        tree.leaves[leaf.id] = replace(leaf, centroid=centroid)
        centroids.move(leaf.id, centroid)
        done.centred.add(leaf.id)


def _merge(small: Leaf, tree: Tree, centroids: Centroids, done: Reshaping) -> None:
    done.shrunk.add(small.parent)
    _remove(small.id, tree, centroids, done)
    done.merged += 1
    if len(small.examples):
        nearest, _ = centroids.nearest(small.centroid[None, :])
        target = tree.leaves[int(nearest[0])]
        tree.leaves[target.id] = replace(target, examples=joined([target.examples, small.examples]))
        done.filled.add(target.id)


def _centre(leaf: Leaf, tree: Tree, centroids: Centroids, done: Reshaping) -> None:
    if not len(leaf.examples):
        return
    centroid = mean_direction(leaf.examples.embeddings)
    if (centroid != leaf.centroid).any():
        tree.leaves[leaf.id] = replace(leaf, centroid=centroid)
        centroids.move(leaf.id, centroid)
        done.centred.add(leaf.id)


def _remove(leaf: int, tree: Tree, centroids: Centroids, done: Reshaping) -> None:
    tree.remove_leaf(leaf)
    centroids.remove([leaf])
    done.removed.add(leaf)
    done.filled.discard(leaf)
    done.centred.discard(leaf)
