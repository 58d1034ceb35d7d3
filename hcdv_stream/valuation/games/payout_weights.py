"""Values that payouts go by: V alone judges, chance earns nothing, and copies are no players.

In a leaf the players are its originals (``originals``), m of them. An evaluator e of V counts a
match among the k nearest of a coalition as 1 − 1/C and a miss as −1/C, so that labels drawn at
random are worth nothing:

v(S) = Σ_c ω_c/|V_c| Σ_{e∈V_c} [u_e(S) − min(k, |S|) / (k C)]

The second part is the same for every player, so each original gets 1/m of it: its value is that of
the game without chance (``routed_knn``) less ω_c/|V_c| · min(k, m)/(k m C) for every evaluator of
its leaf. A copy is worth 0. Nothing of this has to be replayed when it is read.
"""

from dataclasses import dataclass

import numpy as np

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.tree.sketch import Counts
from hcdv_stream.valuation.weights import Weights


@dataclass(frozen=True, slots=True)
class PayoutWeights:
    """What turns a leaf's outcome into payout values: ω_c/|V_c| (C,), |V_c| (C,) and k."""

    scale: Floats
    trusted: Counts
    neighbours: int

    @classmethod
    def of(
        cls, trusted: Counts, labels: tuple[str, ...], weights: Weights, neighbours: int
    ) -> "PayoutWeights":
        """Prepare for the class counts (C,) of all of V; raises ValueError without any V."""
        if not trusted.sum():
            raise ValueError(
                "payouts need V, which has no examples: train the bundle with V, or give fit X_val "
                "and y_val"
            )
        scale = weights.per_class(labels, trusted) / np.maximum(trusted, 1)
        return cls(scale, trusted, neighbours)

    def chance(self, players: Counts | int) -> Floats:
        """What chance gives all players of a game together: min(k, m) / (k C)."""
        classes = len(self.scale)
        chance: Floats = np.minimum(players, self.neighbours) / (self.neighbours * classes)
        return chance

    def weighed(self, columns: Floats) -> Floats:
        """Sum columns (n, C) over the classes in one order."""
        total = np.zeros(len(columns))
        for label, scale in enumerate(self.scale.tolist()):
            total += scale * columns[:, label]
        return total

    def variance(self, sums: Floats, squares: Floats) -> Floats:
        """Return the variance (n,) of means over V of terms with these sums (n, C) and squares."""
        count = self.trusted.astype(np.float64)
        spread = np.maximum(squares - sums * sums / np.maximum(count, 1.0), 0.0)
        factor = np.where(count < 2, 0.0, self.scale**2 * count / np.maximum(count - 1.0, 1.0))
        total = np.zeros(len(spread))
        for label in range(spread.shape[1]):
            total += factor[label] * spread[:, label]
        return total
