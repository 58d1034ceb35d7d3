"""Ranks with ties averaged, and Spearman's correlation of two rankings."""

import numpy as np

from hcdv_stream.valuation.arrays import Floats


def ranks(values: Floats) -> Floats:
    """Return ranks from 1 along the last axis, equal values sharing their mean rank."""
    flat = values.reshape(-1, values.shape[-1])
    return np.stack([_ranks(row) for row in flat]).reshape(values.shape)


def _ranks(values: Floats) -> Floats:
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean: Floats = last - (counts - 1) / 2
    return mean[where]


def spearman(left: Floats, right: Floats) -> float:
    """Return the correlation of the ranks in [-1, 1]; NaN where one ranking is all ties."""
    if not (np.isfinite(left).all() and np.isfinite(right).all()):
        return float("nan")
    first, second = (ranks(values) - (len(values) + 1) / 2 for values in (left, right))
    scale = np.sqrt((first @ first) * (second @ second))
    return float(first @ second / scale) if scale > 0 else float("nan")
