"""v(S) = M(S) + λ·Δ̄(S), the paper's characteristic function, for many coalitions at once.

M is the balanced accuracy on V of a ridge classifier trained on S (``ridge``), Δ̄ the mean cosine
distance over pairs of S with different labels (``contrast``). Both follow from the coalition's Gram
sketch, so a score costs O(C d² + d³ + d·|V|) whatever the number of examples. v(∅) = 0 by
convention, M(∅) included: there is no model without data, and a coalition without examples adds
nothing.

The paper defines Δ twice, as a sum over the cross pairs (Eq. 9, used in Eq. 12) and, "to ensure a
uniform bound", as their mean (Eq. 18, used in Eq. 20): see ``Averaged``.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.games.contrast import contrast_sums, contrasts
from hcdv_stream.valuation.games.grams import Grams, unions
from hcdv_stream.valuation.games.ridge import RidgeMetric
from hcdv_stream.valuation.validation import Validation

Averaged = Literal["mean", "sum"]
"""Δ̄ of Eq. 18, or Δ of Eq. 9. The sum grows with the square of a coalition and drowns M."""

_MOST_CELLS = 1 << 18
"""Numbers held per array while scoring: bounds memory, changes no score."""


@dataclass(frozen=True, slots=True)
class Characteristic:
    """The paper's v of Gram sketches: balanced accuracy on V of a ridge classifier, plus λΔ.

    Parameters
    ----------
    validation : Validation
        V, on which the classifier is scored.
    classes : int
        The number of classes, C.
    lam : float
        λ, the weight of the contrast, at least 0.
    averaged : {"mean", "sum"}, default="mean"
        Whether Δ is the mean over pairs of examples (Eq. 18) or their sum (Eq. 9).

    Examples
    --------
    >>> import numpy as np
    >>> from hcdv_stream.methods import Characteristic, RidgeGame, Validation, unit_grid
    >>> embeddings = unit_grid([[1.0, 0.2], [0.9, 0.1], [-1.0, 0.3], [-0.8, 0.1]])
    >>> labels = np.array([0, 0, 1, 1], np.int16)
    >>> v = Characteristic(Validation(embeddings, labels), classes=2, lam=0.1)
    >>> everybody = np.ones((1, 4), bool)
    >>> RidgeGame(v, embeddings, labels)(everybody).round(2).tolist()
    [1.19]

    """

    validation: Validation
    classes: int
    lam: float
    averaged: Averaged = "mean"
    _metric: RidgeMetric = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_metric", RidgeMetric(self.validation, self.classes))

    def of_coalitions(self, membership: npt.NDArray[np.bool_], grams: Grams) -> Floats:
        """Score coalitions among players.

        Parameters
        ----------
        membership : ndarray of bool of shape (P, K)
            P coalitions of K players.
        grams : ndarray of int64 of shape (K, C, entries)
            The players' Gram sketches.

        Returns
        -------
        ndarray of shape (P,)
            v of each coalition.

        """
        widest = max(grams[0].size, len(self.validation), 1)
        step = max(1, _MOST_CELLS // widest)
        worth = np.empty(len(membership))
        for start in range(0, len(membership), step):
            rows = slice(start, start + step)
            worth[rows] = self.of(unions(membership[rows], grams))
        return worth

    def of(self, grams: Floats) -> Floats:
        """Score coalitions by their Gram sketches.

        Parameters
        ----------
        grams : ndarray of float64 of shape (P, C, entries)
            The coalitions' Gram sketches in real units.

        Returns
        -------
        ndarray of shape (P,)
            v of each coalition, 0 for an empty one.

        """
        counts = grams[:, :, 0]
        sums = grams[:, :, 1 : self.validation.embeddings.shape[1] + 1]
        dispersion = contrasts if self.averaged == "mean" else contrast_sums
        worth = self._metric.of(grams) + self.lam * dispersion(counts, sums)
        return np.where(counts.any(axis=1), worth, 0.0)
