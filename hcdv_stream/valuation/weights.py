"""How a value is weighed when it is read: class weights ω, the peers' share β, the contrast λ."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DEFAULT_BETA = 0.5
DEFAULT_LAMBDA = 0.05
MOST_LAMBDA = 1e6
"""Beyond, nothing but the contrast would be left of a value, and in the end no number either."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A utility, one of ``balanced``, ``accuracy`` and ``class:<label>``, with β and λ.

    β in [0, 1] is the peers' share of the judgement, λ in [0, MOST_LAMBDA] the weight of the mean
    cross-label distance. ``payout`` marks the weights that payouts go by (``for_payouts``), where
    both are 0. Raises ValueError where one is out of range.
    """

    utility: str = "balanced"
    beta: float = DEFAULT_BETA
    lam: float = DEFAULT_LAMBDA
    payout: bool = False

    def __post_init__(self) -> None:
        if not 0.0 <= self.beta <= 1.0:
            raise ValueError(f"beta must lie in [0, 1], got {self.beta}")
        if not 0.0 <= self.lam <= MOST_LAMBDA:
            raise ValueError(f"lambda must lie in [0, {MOST_LAMBDA:.0f}], got {self.lam}")
        if self.payout and (self.beta or self.lam):
            raise ValueError(
                f"payouts go by V alone, got beta {self.beta} and lambda {self.lam}: leave them out"
            )
        if self.utility not in {"balanced", "accuracy"} and not self.utility.startswith("class:"):
            raise ValueError(
                f"utility must be balanced, accuracy or class:<label>, got {self.utility!r}"
            )

    @classmethod
    def for_payouts(cls, utility: str = "balanced") -> "Weights":
        """Return the weights that payouts go by; see ``games.payout_weights``."""
        return cls(utility, 0.0, 0.0, payout=True)

    def per_class(
        self, labels: Sequence[str], counts: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        """Return ω, shape (C,), summing to 1.

        ``labels`` name the classes, ``counts`` (C,) are the evaluators of each, which ``accuracy``
        turns into shares. Raises ValueError for a class that is not there.
        """
        if self.utility == "balanced":
            return np.full(len(labels), 1.0 / len(labels))
        if self.utility == "accuracy":
            return counts / max(int(counts.sum()), 1)
        label = self.utility.removeprefix("class:")
        if label not in labels:
            raise ValueError(f"utility names the class {label!r}; there are {', '.join(labels)}")
        return np.array([float(other == label) for other in labels])
