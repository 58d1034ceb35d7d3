"""What each of a leaf's points says of one of them: the peers' part of its value, taken apart.

The routed game stores its sums over evaluators alone. A leaf keeps its points' embeddings, so the
judgement of every peer can be played again, which this does for one judged point; over the peers of
a class they add up to the stored component, to the bit. Trusted evaluators are not in the state.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.embedding.grid import cosines
from hcdv_stream.valuation.games.knn import (
    EXCLUDED,
    by_player,
    positions,
    shapley_by_rank,
    sorted_keys,
)
from hcdv_stream.valuation.games.routed_knn import owner_numbers
from hcdv_stream.valuation.tree.leaf import Points
from hcdv_stream.valuation.tree.sketch import Counts


class Judgements(NamedTuple):
    """Of m points about one of them.

    ``distances`` float64 (m,) are cosine distances to it; ``judges`` bool (m,) says who may judge
    it; ``gives`` int64 (m,) is its Shapley value in each judge's game (UTILITY_BITS), 0 for others;
    ``ranks`` int64 (m,) is how near it is to each judge, from 1, among those that it may judge.
    """

    distances: npt.NDArray[np.float64]
    judges: npt.NDArray[np.bool_]
    gives: Counts
    ranks: Counts


def judgements(points: Points, row: int, config: EngineConfig) -> Judgements:
    """Play the games of a leaf's points and read off what they give the point at ``row``."""
    near = cosines(points.embeddings, points.embeddings)
    distances = 1.0 - near[row]
    if config.peers == "off":
        nobody = np.zeros(len(points), np.int64)
        return Judgements(distances, nobody.astype(np.bool_), nobody, nobody)
    owners = owner_numbers(points.providers, config.peers)
    own = owners[:, None] == owners
    matches = (points.labels[:, None] == points.labels) & ~own
    keys = sorted_keys(np.where(own, EXCLUDED, near), matches)
    gives = by_player(shapley_by_rank(keys, config.neighbours), keys)[:, row]
    ranks = (positions(keys) == row).argmax(axis=1) + 1
    return Judgements(distances, ~own[:, row], gives, ranks)
