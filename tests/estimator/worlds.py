"""Data sets for the estimator's tests."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.datasets import make_blobs


class World(NamedTuple):
    """Training and validation samples, and which training labels were flipped."""

    X: npt.NDArray[np.float64]
    y: npt.NDArray[np.str_]
    X_val: npt.NDArray[np.float64]
    y_val: npt.NDArray[np.str_]
    flipped: npt.NDArray[np.bool_]


def world(samples: int = 400, seed: int = 0) -> World:
    """Two classes, ``no`` and ``yes``, of three overlapping blobs each; a tenth is mislabelled."""
    X, blob = make_blobs(samples + 100, 6, centers=6, cluster_std=2.5, random_state=seed)
    truth = blob % 2
    flipped = np.random.default_rng(seed).random(samples) < 0.1
    codes = np.where(flipped, 1 - truth[:samples], truth[:samples])
    names = np.array(["no", "yes"])
    return World(X[:samples], names[codes], X[samples:], names[truth[samples:]], flipped)
