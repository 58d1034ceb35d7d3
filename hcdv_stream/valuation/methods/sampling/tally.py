"""Running sums behind a sampled value: they add up, so a run can stop and go on.

A value is the mean of what was seen in its first arm, minus that of its second where there is one.
Permutation methods have one arm (marginal contributions); maximum-sample-reuse has two (worth of
the coalitions with the player, and without).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from hcdv_stream.valuation.arrays import Floats


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts, sums and sums of squares, float64 (arms, n) each; counts are whole numbers."""

    counts: Floats
    sums: Floats
    squares: Floats

    @classmethod
    def empty(cls, arms: int, players: int) -> Self:
        """Return a tally that has seen nothing."""
        zeros = np.zeros((arms, players))
        return cls(zeros, zeros, zeros)

    @classmethod
    def of_terms(cls, terms: Floats) -> Self:
        """Count independent one-arm observations of every player, (T, n)."""
        counts = np.full((1, terms.shape[1]), float(len(terms)))
        return cls(counts, terms.sum(axis=0)[None], (terms * terms).sum(axis=0)[None])

    @classmethod
    def of_means(cls, count: int, means: Floats, stderr: Floats) -> Self:
        """Count ``count`` >= 2 one-arm observations, known by mean (n,) and standard error (n,)."""
        counts = np.full((1, len(means)), float(count))
        squares = count * ((count - 1) * stderr * stderr + means * means)
        return cls(counts, count * means[None], squares[None])

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.counts + other.counts, self.sums + other.sums, self.squares + other.squares
        )

    def values(self) -> Floats:
        """Return the estimates (n,); NaN where an arm has seen nothing."""
        means = self._means()
        values: Floats = means[0] if len(means) == 1 else means[0] - means[1]
        return values

    def stderr(self) -> Floats:
        """Return their standard errors (n,); NaN below two observations of an arm."""
        means = self._means()
        seen = np.where(self.counts > 1, self.counts, np.nan)
        spread = np.maximum(self.squares / seen - means * means, 0.0) / (seen - 1)
        stderr: Floats = np.sqrt(spread.sum(axis=0))
        return stderr

    def _means(self) -> Floats:
        return self.sums / np.where(self.counts > 0, self.counts, np.nan)
