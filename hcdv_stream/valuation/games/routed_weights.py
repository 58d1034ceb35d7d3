"""Values of the routed game, weighed when they are read.

One state answers for every utility: ω, β and λ meet the stored components here and nowhere else.
All arithmetic is per example and element by element, in a fixed order, so that an example's value
has the same bits whoever reads it with whatever other examples.

**Standard errors.** A value would move if other evaluators had been drawn, and if other examples
had arrived: they compete for the same neighbourhoods. The first part is the variance of a mean over
|V_c| (or n_c) evaluators. For the second, read a contribution |s| = 1/t as "t examples near this
evaluator share 1": it is exact where the t nearest carry the evaluator's label and the next do not.
One example more or less turns 1/t into 1/(t ± 1), a change of s², and the number of examples in a
region varies with its mean (Poisson), so the variance is t · s⁴ = |s|³. Evaluators of a class see
the same examples about them, so their errors add up in full at most, √variance Σ_e |s_e|^(3/2),
and by Cauchy and Schwarz that is at most √(Σ|s_e| · Σ s_e²). Within a class of evaluators no
contribution to an example has another sign, so both sums are stored already. Trusted and peer
evaluators see the same examples too, hence the sum over both kinds; evaluators of two classes
look at examples of two labels, hence the squares over classes. Nothing here is fitted; experiment
`coverage` measures how far it carries.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.games.contrast import ContrastShapley, contrast
from hcdv_stream.valuation.tree.sketch import (
    PEERS,
    SQUARE_BITS,
    TRUSTED,
    UTILITY_BITS,
    Counts,
    Sketch,
)
from hcdv_stream.valuation.weights import Weights


@dataclass(frozen=True)
class RoutedWeights:
    """What turns components into values, for one corpus and one choice of ω, β, λ.

    ``scale`` (2, C) multiplies components: ω_c (1−β)/|V_c| and ω_c β/n_c; ``evaluators`` (2, C) are
    how many stand behind it.
    """

    scale: Floats
    evaluators: Counts
    lam: float
    shapley: ContrastShapley
    whole: Sketch

    @classmethod
    def of(
        cls,
        whole: Sketch,
        trusted: Counts,
        labels: tuple[str, ...],
        weights: Weights,
        shapley: ContrastShapley | None = None,
    ) -> "RoutedWeights":
        """Prepare for a corpus: its root sketch and the class counts (C,) of all of V.

        Of its examples those count that are peers: not all are if they age.

        ``shapley`` are the contrast's coefficients if they are known: no weight changes them.

        Raises ValueError for a utility that names no class of ``labels``.
        """
        counted = trusted if trusted.sum() else whole.counts
        omega = weights.per_class(labels, counted)
        evaluators = np.stack([trusted, whole.evaluators[PEERS]])
        share = np.array([1.0 - weights.beta, weights.beta])
        scale = omega * share[:, None] / np.maximum(evaluators, 1)
        shapley = shapley or ContrastShapley.of(whole.counts, whole.embeddings)
        return cls(scale, evaluators, weights.lam, shapley, whole)

    def examples(
        self, components: Counts, labels: npt.NDArray[np.int16], embeddings: Embeddings
    ) -> Floats:
        """φ of examples, (n,), from components (n, 2, C)."""
        values = self.evaluated(components)
        if self.lam:
            values += self.lam * self.shapley.examples(labels, embeddings)
        return values

    def evaluated(self, components: Counts) -> Floats:
        """φ of examples as evaluators alone have it, without the contrast: (n,)."""
        values = np.zeros(len(components))
        for term in _terms(self.scale * np.ldexp(components.astype(np.float64), -UTILITY_BITS)):
            values += term
        return values

    def stderr(self, components: Counts, moments: Counts) -> Floats:
        """Return standard errors of φ, (n,), over draws of V and of the other examples.

        See the module for both parts.
        """
        variance = self.evaluator_variance(components, moments)
        variance += self.competition_variance(components, moments)
        return np.sqrt(variance)

    def evaluator_variance(self, components: Counts, moments: Counts) -> Floats:
        """Return the variance of φ, (n,), over other evaluators of the same examples."""
        variance = np.zeros(len(components))
        for term in _terms(self._variances(components, moments)):
            variance += term
        return variance

    def competition_variance(self, components: Counts, moments: Counts) -> Floats:
        """Bound the variance of φ, (n,), over other examples before the same evaluators."""
        total = np.ldexp(np.abs(components).astype(np.float64), -UTILITY_BITS)
        spread = np.ldexp(moments.astype(np.float64), -SQUARE_BITS)
        bound = self.scale * np.sqrt(total * spread)
        variance = np.zeros(len(components))
        for label in range(bound.shape[2]):
            both = bound[:, TRUSTED, label] + bound[:, PEERS, label]
            variance += both * both
        return variance

    def _variances(self, sums: Counts, squares: Counts) -> Floats:
        """Return the variance that each kind and class of evaluators contributes, (..., 2, C)."""
        total = np.ldexp(sums.astype(np.float64), -UTILITY_BITS)
        spread = np.ldexp(squares.astype(np.float64), -SQUARE_BITS)
        spread -= total * total / np.maximum(self.evaluators, 1)
        scaled: Floats = self._per_evaluator * np.maximum(spread, 0.0)
        return scaled

    @cached_property
    def _per_evaluator(self) -> Floats:
        """What scales a sum of squared deviations; a single evaluator has none."""
        evaluators = self.evaluators.astype(np.float64)
        factor = self.scale**2 * evaluators / np.maximum(evaluators - 1.0, 1.0)
        return np.where(evaluators < 2, 0.0, factor)

    def coalition(self, sketch: Sketch) -> float:
        """Σ φ over a coalition, from its sketch alone."""
        contrasted = self.shapley.coalition(sketch.counts, sketch.embeddings)
        evaluated = np.ldexp(sketch.components.astype(np.float64), -UTILITY_BITS)
        return float((self.scale * evaluated).sum()) + self.lam * contrasted

    def coalition_stderr(self, sketch: Sketch) -> float:
        """Return the standard error of a leaf's or node's value: its evaluators are its own.

        Within a leaf the examples' values sum to u_e(D) for each evaluator, so standard errors
        do not add up; the spread of u_e(D) itself decides. The coalition's examples are given, so
        there is no competition in it.
        """
        return float(np.sqrt(self._variances(sketch.utilities, sketch.squares).sum()))

    def total(self) -> float:
        """v(D) − v(∅), from the utilities of the whole and Δ̄(D): no Shapley value is involved."""
        utilities = np.ldexp(self.whole.utilities.astype(np.float64), -UTILITY_BITS)
        whole = contrast(self.whole.counts, self.whole.embeddings)
        return float((self.scale * utilities).sum()) + self.lam * whole

    def residual(self) -> float:
        """Efficiency residual |Σ φ − (v(D) − v(∅))|, from the root sketch."""
        return abs(self.coalition(self.whole) - self.total())


def _terms(weighed: Floats) -> Iterator[Floats]:
    """Yield the columns of (n, 2, C) in one order, V's before the peers'."""
    for kind in (TRUSTED, PEERS):
        for label in range(weighed.shape[2]):
            yield weighed[:, kind, label]
