"""The mean cross-label distance Δ̄ and its exact Shapley values, from class sums alone.

Δ̄(S) is the mean of 1 − u_i·u_j over the unordered pairs of S whose labels differ, 0 where there is
none. Given how many of each class came before i, the expected sum over cross pairs is bilinear in
class means, so the Shapley value of i (of class c) is linear in its mean distances to the other
classes and in the mean distances between classes without i; the weights depend on the class counts
only (see ``contrast_weights``). Hence φ_i = a_c + u_i·g_c: O(d) an example, and a coalition's value
needs no more than its class counts and class sums.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.games.contrast_contraction import contracted_weights

_BLOCK = 1024
"""Examples read at once: their vectors stay in the processor's cache. Changes no value."""


def contrast(counts: npt.NDArray[np.int64], sums: Floats) -> float:
    """Δ̄ of the examples with these class counts (C,) and class sums of u (C, d)."""
    return float(contrasts(counts[None], sums[None])[0])


def contrasts(counts: npt.NDArray[np.int64] | Floats, sums: Floats) -> Floats:
    """Δ̄ of P coalitions at once, (P,), from class counts (P, C) and class sums (P, C, d)."""
    pairs, products = _cross_pairs(counts, sums)
    mean = np.divide(products, pairs, out=np.ones(len(pairs)), where=pairs > 0)
    distances: Floats = 1.0 - mean
    return distances


def contrast_sums(counts: npt.NDArray[np.int64] | Floats, sums: Floats) -> Floats:
    """Δ as Eq. 9 prints it, the sum over the cross pairs, where ``contrasts`` takes the mean."""
    pairs, products = _cross_pairs(counts, sums)
    distances: Floats = pairs - products
    return distances


def _cross_pairs(counts: npt.NDArray[np.int64] | Floats, sums: Floats) -> tuple[Floats, Floats]:
    """How many pairs have different labels, (P,), and the sum of u_i·u_j over them, (P,)."""
    total = counts.sum(axis=1)
    pairs = (total * total - (counts * counts).sum(axis=1)) / 2
    whole = sums.sum(axis=1)
    products = ((whole * whole).sum(axis=1) - (sums * sums).sum(axis=(1, 2))) / 2
    return pairs, products


@dataclass(frozen=True, slots=True)
class ContrastShapley:
    """φ_i of Δ̄ for every example of a corpus: ``offset`` a (C,) and ``slope`` g (C, d)."""

    offset: Floats
    slope: Floats

    @classmethod
    def of(cls, counts: npt.NDArray[np.int64], sums: Floats) -> "ContrastShapley":
        """Work the coefficients out from the corpus's class counts (C,) and sums of u (C, d).

        Exact for two classes, and for more while the count vectors can be enumerated; otherwise
        the weights are estimated, with efficiency still exact: see ``contrast_weights`` and, for
        many classes, ``many_classes``. O(C²) numbers are held.
        """
        size = np.maximum(counts, 1).astype(np.float64)
        means = sums / size[:, None]
        between = 1.0 - means @ means.T
        others = np.maximum(counts - 1, 1)[:, None] * size[None, :]
        without = 1.0 - (sums @ sums.T) / others
        near, own, foreign = contracted_weights(counts, between)
        offset = near.sum(axis=1) + (own * without).sum(axis=1)
        offset += foreign
        slope = -near @ means + (own / others) @ sums
        return cls(offset, slope)

    def examples(self, labels: npt.NDArray[np.int16], embeddings: Embeddings) -> Floats:
        """φ_i of each example, (n,).

        Adds up one dimension after the other rather than through a BLAS: the same example then gets
        the same bits whichever other examples it is read with.
        """
        values: Floats = self.offset[labels]
        for start in range(0, len(values), _BLOCK):
            rows = slice(start, start + _BLOCK)
            terms = np.empty((len(values[rows]), 1 + embeddings.shape[1]))
            terms[:, 0] = values[rows]
            np.multiply(embeddings[rows], self.slope[labels[rows]], out=terms[:, 1:])
            values[rows] = np.add.accumulate(terms, axis=1)[:, -1]
        return values

    def coalition(self, counts: npt.NDArray[np.int64], sums: Floats) -> float:
        """Σ φ_i over a coalition, from its class counts (C,) and class sums (C, d)."""
        return float((counts * self.offset).sum() + (sums * self.slope).sum())
