"""What is known of a coalition as a whole: integer sums that merge by addition, exactly.

Everything is an integer on a fixed grid, so the sketch of a union is the sum of the sketches in
any order, to the last bit, and taking a part away again is exact.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.embedding.grid import FRACTION_BITS, Embeddings

UTILITY_BITS = 40
"""Utilities and their Shapley values are int64 counts of 2^-40: sums hold 2^23 evaluators."""
SQUARE_BITS = 40
"""Squares of utilities, kept for standard errors, are int64 counts of 2^-40."""

TRUSTED, PEERS = 0, 1
"""Axis of component arrays: evaluated by V, evaluated by the leaf's own examples."""

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sketch:
    """Sums over the examples of a coalition of C classes in d dimensions, packed in one vector.

    ``vector`` is int64 (C + C·d + 8·C,), in the order of the properties below. All the sums of
    one coalition being one vector makes a union one addition.
    """

    vector: Counts
    classes: int

    @classmethod
    def empty(cls, classes: int, dimensions: int) -> "Sketch":
        """Return the sketch of no examples at all."""
        return cls(np.zeros(classes * (dimensions + 9), np.int64), classes)

    @classmethod
    def of_examples(
        cls, embeddings: Embeddings, labels: npt.NDArray[np.int16], classes: int
    ) -> "Sketch":
        """Return the sketch of examples whose game has not been played."""
        sketch = cls.empty(classes, embeddings.shape[1])
        sketch.counts[:] = np.bincount(labels, minlength=classes)
        np.add.at(sketch.grid_sums, labels, np.ldexp(embeddings, FRACTION_BITS).astype(np.int64))
        return sketch

    @property
    def counts(self) -> Counts:
        """How many examples each class has, (C,); a view."""
        return self.vector[: self.classes]

    @property
    def grid_sums(self) -> Counts:
        """Σ u_i per class in counts of 2^-23, (C, d); a view."""
        stop = len(self.vector) - 8 * self.classes
        return self.vector[self.classes : stop].reshape(self.classes, -1)

    @property
    def embeddings(self) -> npt.NDArray[np.float64]:
        """Σ u_i per class, (C, d)."""
        return np.ldexp(self.grid_sums, -FRACTION_BITS)

    def _pair(self, place: int) -> Counts:
        start = len(self.vector) - (8 - 2 * place) * self.classes
        return self.vector[start : start + 2 * self.classes].reshape(2, self.classes)

    @property
    def evaluators(self) -> Counts:
        """How many evaluators the coalition's leaves hold, (2, C): TRUSTED, PEERS; a view."""
        return self._pair(0)

    @property
    def utilities(self) -> Counts:
        """Σ u_e(D) over these evaluators, (2, C), UTILITY_BITS; a view."""
        return self._pair(1)

    @property
    def squares(self) -> Counts:
        """Σ u_e(D)², (2, C), SQUARE_BITS; a view."""
        return self._pair(2)

    @property
    def components(self) -> Counts:
        """Σ over examples of their Shapley components, (2, C), UTILITY_BITS; a view.

        Efficiency makes it equal ``utilities`` up to rounding; it is summed from the examples,
        apart from these, so that this can be checked.
        """
        return self._pair(3)

    @property
    def size(self) -> int:
        """How many examples the coalition has."""
        return int(self.counts.sum())

    def __add__(self, other: "Sketch") -> "Sketch":
        return Sketch(self.vector + other.vector, self.classes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sketch) and np.array_equal(self.vector, other.vector)

    __hash__ = None  # type: ignore[assignment]
