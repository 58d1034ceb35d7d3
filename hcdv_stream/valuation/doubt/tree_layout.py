"""From trees with two children anywhere to ``TreeEnsemble``, whose children are neighbours."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.doubt.trees import TreeEnsemble, units


class Branches(NamedTuple):
    """One tree of N nodes, the root first: rows go ``left`` if at most ``threshold``.

    ``left`` and ``right`` are -1 in a leaf, ``outputs`` (N, W) count in leaves alone.
    """

    feature: npt.NDArray[Any]
    threshold: npt.NDArray[np.float64]
    left: npt.NDArray[Any]
    right: npt.NDArray[Any]
    outputs: npt.NDArray[np.float64]


def laid_out(tree: Branches) -> TreeEnsemble:
    """Return the tree breadth first, so that a right child stands behind its left one.

    A threshold becomes the largest single-precision number that is not above it: for rows in
    single precision that is the same test.
    """
    order, level = [np.zeros(1, np.int64)], np.zeros(1, np.int64)
    while True:
        inner = level[tree.left[level] >= 0]
        if not len(inner):
            break
        level = np.stack([tree.left[inner], tree.right[inner]], axis=1).ravel().astype(np.int64)
        order.append(level)
    nodes = np.concatenate(order)
    place = np.empty(len(nodes), np.int64)
    place[nodes] = np.arange(len(nodes))
    leaf = tree.left[nodes] < 0
    left = np.where(leaf, np.arange(len(nodes)), place[tree.left[nodes]])
    outputs = np.where(leaf[:, None], units(tree.outputs[nodes]), 0)
    return TreeEnsemble(
        np.where(leaf, 0, tree.feature[nodes]).astype(np.int32),
        np.where(leaf, np.inf, _single_below(tree.threshold[nodes])).astype(np.float32),
        left.astype(np.int32),
        outputs.astype(np.int32),
        np.zeros(1, np.int32),
        1,
    )


def constant(width: int) -> TreeEnsemble:
    """Return a tree of one leaf that adds nothing to ``width`` outputs."""
    nothing = np.zeros(1, np.int32)
    infinite = np.full(1, np.inf, np.float32)
    return TreeEnsemble(nothing, infinite, nothing, np.zeros((1, width), np.int32), nothing, 1)


def joined(trees: Sequence[TreeEnsemble], groups: int) -> TreeEnsemble:
    """Put single trees behind each other."""
    sizes = np.array([len(tree.left) for tree in trees])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int32)
    left = [tree.left + start for tree, start in zip(trees, starts, strict=True)]
    return TreeEnsemble(
        np.concatenate([tree.feature for tree in trees]),
        np.concatenate([tree.threshold for tree in trees]),
        np.concatenate(left).astype(np.int32),
        np.concatenate([tree.outputs for tree in trees]),
        starts,
        groups,
    )


def _single_below(thresholds: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    with np.errstate(over="ignore"):
        single = thresholds.astype(np.float32)
    above = single.astype(np.float64) > thresholds
    return np.where(above, np.nextafter(single, np.float32(-np.inf)), single)
