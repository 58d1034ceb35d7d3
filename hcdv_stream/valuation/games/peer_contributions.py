"""What each of a leaf's examples says of one of them: the peers' part of its value, taken apart.

The routed game stores its sums over evaluators alone. A leaf keeps its examples' embeddings, so the
game of every peer can be played again, which this does for one of them; over the peers of
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
from hcdv_stream.valuation.tree.leaf import LeafExamples
from hcdv_stream.valuation.tree.sketch import Counts


class PeerContributions(NamedTuple):
    """Of m examples about one of them.

    ``distances`` float64 (m,) are cosine distances to it; ``evaluates`` bool (m,) says who may
    evaluate it; ``gives`` int64 (m,) is its Shapley value in the game of each peer (UTILITY_BITS),
    0 for others; ``ranks`` int64 (m,) is how near it is to each peer, from 1, among those that the
    peer may evaluate.
    """

    distances: npt.NDArray[np.float64]
    evaluates: npt.NDArray[np.bool_]
    gives: Counts
    ranks: Counts


def peer_contributions(
    examples: LeafExamples, row: int, config: EngineConfig, peers_since: float | None = None
) -> PeerContributions:
    """Play the games of a leaf's examples and read off what they give the example at ``row``.

    Examples older than ``peers_since``, seconds since the epoch, are no peers.
    """
    near = cosines(examples.embeddings, examples.embeddings)
    distances = 1.0 - near[row]
    if config.peers == "off":
        nobody = np.zeros(len(examples), np.int64)
        return PeerContributions(distances, nobody.astype(np.bool_), nobody, nobody)
    owners = owner_numbers(examples.providers, config.peers)
    own = owners[:, None] == owners
    matches = (examples.labels[:, None] == examples.labels) & ~own
    keys = sorted_keys(np.where(own, EXCLUDED, near), matches)
    gives = by_player(shapley_by_rank(keys, config.neighbours), keys)[:, row]
    ranks = (positions(keys) == row).argmax(axis=1) + 1
    young = examples.timestamps >= (-np.inf if peers_since is None else peers_since)
    return PeerContributions(distances, ~own[:, row] & young, np.where(young, gives, 0), ranks)
