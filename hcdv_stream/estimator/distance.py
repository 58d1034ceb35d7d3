"""τ, the distance beyond which a new sample founds a leaf, for a corpus that is its own tree."""

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.state import EngineState
from hcdv_stream.valuation.tree.centroids import Centroids

QUANTILE = 0.99
"""Share of samples that would not found a leaf."""
SAMPLES = 1000
"""The most samples that are measured: enough for the quantile, whatever the corpus's size."""
LEAST, MOST = 1e-3, 2.0
"""What the engine accepts."""


def spawn_distance(state: EngineState, embeddings: Embeddings, seed: int) -> float:
    """Return a high quantile of samples' cosine distance to the nearest leaf.

    ``embeddings`` (n, d) are those of the examples in ``state``. A sample's own pull on its leaf is
    taken off, since a new sample has none (the nearest leaf is its own, but for stragglers, whose
    distance this makes no smaller).
    """
    chosen = np.random.default_rng(seed).permutation(len(embeddings))[:SAMPLES]
    vectors = embeddings[chosen]
    leaves = state.leaves
    nearest, _ = Centroids({leaf.id: leaf.centroid for leaf in leaves.values()}).nearest(vectors)
    totals = {
        leaf: leaves[leaf].examples.embeddings.sum(axis=0, dtype=np.float64)
        for leaf in set(nearest.tolist())
    }
    rest = np.stack([totals[leaf] for leaf in nearest.tolist()]) - vectors.astype(np.float64)
    closeness = (vectors * _directions(rest)).sum(axis=1)
    return float(np.clip(np.quantile(1.0 - closeness, QUANTILE), LEAST, MOST))


def _directions(sums: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    directions: npt.NDArray[np.float64] = np.divide(
        sums, lengths, out=np.zeros_like(sums), where=lengths > 0
    )
    return directions
