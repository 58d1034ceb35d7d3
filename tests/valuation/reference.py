"""Slow, obviously right definitions, by enumeration: what the fast paths are held against."""

from collections.abc import Callable, Sequence
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt

Coalition = tuple[int, ...]
Game = Callable[[Coalition], float]


def shapley(players: int, worth: Game) -> npt.NDArray[np.float64]:
    """Shapley values by enumeration of all subsets."""
    values = np.zeros(players)
    cache = {
        subset: worth(subset)
        for size in range(players + 1)
        for subset in combinations(range(players), size)
    }
    for player in range(players):
        others = [other for other in range(players) if other != player]
        for size in range(players):
            for subset in combinations(others, size):
                joined = tuple(sorted((*subset, player)))
                gain = cache[joined] - cache[subset]
                values[player] += gain / players / comb(players - 1, size)
    return values


def contrast(subset: Sequence[int], embeddings: npt.NDArray, labels: npt.NDArray) -> float:
    """Mean distance over the pairs whose labels differ."""
    wide = embeddings.astype(np.float64)
    distances = [
        1.0 - float(wide[i] @ wide[j]) for i, j in combinations(subset, 2) if labels[i] != labels[j]
    ]
    return sum(distances) / len(distances) if distances else 0.0


def knn_utility(
    subset: Sequence[int],
    embeddings: npt.NDArray,
    labels: npt.NDArray,
    evaluator: npt.NDArray,
    label: int,
    neighbours: int,
) -> float:
    """Share of the k nearest of a subset that carry the evaluator's label."""
    wide = embeddings.astype(np.float64)
    ranked = sorted(subset, key=lambda i: (1.0 - float(wide[i] @ evaluator.astype(np.float64)), i))
    return sum(labels[i] == label for i in ranked[:neighbours]) / neighbours
