"""Trees as plain arrays: rows go down all of them at once, and what they reach is added up exactly.

Outputs are integers, multiples of 2^-VALUE_BITS, so that a sum has the same bits in any order and
for a row alone as for a row of a batch.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]

VALUE_BITS = 24
LARGEST_VALUE = 100.0
"""Outputs of a leaf are clipped here, so that they fit 32 bits."""
_BLOCK = 1 << 14
"""Row and tree pairs that are walked at once: their places stay in the processor's cache."""
_STEPS, _MOST_WALKING = 3, 0.7
"""Steps between two looks at who still walks, and the share below which the others are let go."""


@dataclass(frozen=True, eq=False)
class TreeEnsemble:
    """T trees of N nodes together, of which tree t adds its outputs to group t mod ``groups``.

    An inner node sends a row to ``left`` if the row's ``feature`` is at most ``threshold``, else to
    the node after it. A leaf has its own place as ``left`` and a threshold of infinity. ``outputs``
    int32 (N, W) are those of leaves, in units of 2^-VALUE_BITS, zeros elsewhere; ``roots`` (T,) are
    places.
    """

    feature: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.float32]
    left: npt.NDArray[np.int32]
    outputs: npt.NDArray[np.int32]
    roots: npt.NDArray[np.int32]
    groups: int

    def sums(self, rows: Matrix) -> npt.NDArray[np.int64]:
        """Return what the trees of each group add up to, (n, groups · W), for rows (n, width)."""
        n, trees, width = len(rows), len(self.roots), self.outputs.shape[1]
        sums = np.zeros((n, self.groups, width), np.int64)
        step = max(1, _BLOCK // max(trees, 1))
        for start in range(0, n, step):
            part = rows[start : start + step]
            reached = self.outputs[self._leaves(part)]
            grouped = reached.reshape(len(part), trees // self.groups, self.groups, width)
            sums[start : start + step] = grouped.sum(axis=1, dtype=np.int64)
        return sums.reshape(n, self.groups * width)

    def _leaves(self, rows: Matrix) -> npt.NDArray[np.intp]:
        """Return the leaf that each row reaches in each tree, (n, T).

        A step leaves a row in a leaf where it is, so all take it, until most have arrived.
        """
        feature, left = self._walked
        values, trees = np.ascontiguousarray(rows).ravel(), len(self.roots)
        places = np.tile(self.roots.astype(np.intp), len(rows))
        starts = np.repeat(np.arange(len(rows)) * rows.shape[1], trees)
        reached, walking = places, None
        while len(places):
            for _ in range(_STEPS):
                value = values.take(starts + feature.take(places))
                places = left.take(places) + (value > self.threshold.take(places))
            if walking is None:
                reached = places
            else:
                reached[walking] = places
            inner = left.take(places) != places
            if np.count_nonzero(inner) < _MOST_WALKING * len(places):
                walking = np.flatnonzero(inner) if walking is None else walking[inner]
                places, starts = places[inner], starts[inner]
        return reached.reshape(len(rows), trees)

    @cached_property
    def _walked(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """``feature`` and ``left`` as numpy indexes with: converted once, not at every step."""
        return self.feature.astype(np.intp), self.left.astype(np.intp)

    def check(self, columns: int) -> None:
        """Raise ValueError where walking could leave the arrays or never end."""
        nodes = len(self.left)
        same = len(self.feature) == len(self.threshold) == nodes == len(self.outputs)
        if not same or not len(self.roots) or self.groups < 1 or len(self.roots) % self.groups:
            raise ValueError("the arrays of its trees differ in length")
        places = np.arange(nodes)
        inner = self.left != places
        if (self.left < places).any() or (self.left[inner] + 1 >= nodes).any():
            raise ValueError("a child of its trees is no later node")
        if (self.feature < 0).any() or (self.feature >= max(columns, 1)).any():
            raise ValueError(f"a feature of its trees is not from 0 to {columns - 1}")
        if (self.roots < 0).any() or (self.roots >= nodes).any():
            raise ValueError("a root of its trees is no node")
        if np.isnan(self.threshold).any():
            raise ValueError("a threshold of its trees is NaN")
        if not np.isposinf(self.threshold[~inner]).all():
            raise ValueError("a leaf of its trees has a threshold")


def units(values: npt.ArrayLike) -> npt.NDArray[np.int32]:
    """Return outputs in units of 2^-VALUE_BITS, clipped at LARGEST_VALUE."""
    clipped = np.clip(np.asarray(values, np.float64), -LARGEST_VALUE, LARGEST_VALUE)
    return np.rint(np.ldexp(clipped, VALUE_BITS)).astype(np.int32)
