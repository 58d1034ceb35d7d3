"""What is known of a coalition as a whole: sums that merge by addition, exactly.

Every field is an integer, or a float64 that holds a multiple of the embedding grid, so the sketch
of a union is the sum of sketches in any order, to the last bit.
"""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

UTILITY_BITS = 40
"""Utilities and their Shapley values are int64 counts of 2^-40."""
SQUARE_BITS = 48
"""Squares of utilities (kept for standard errors) are int64 counts of 2^-48."""

TRUSTED, PEERS = 0, 1
"""First axis of component arrays: judged by validation points, judged by the leaf's own points."""

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sketch:
    """Sums over the points of a coalition, C classes and d dimensions.

    ``points`` (C,) counts points, ``embeddings`` (C, d) sums unit vectors. For the evaluators of
    the coalition's leaves, first axis TRUSTED or PEERS: ``evaluators`` (2, C) counts them,
    ``utilities`` (2, C) sums u_e(D) and ``squares`` (2, C) its square (UTILITY_BITS, SQUARE_BITS).
    ``components`` (2, C) sums the points' own Shapley components; efficiency makes it equal
    ``utilities`` up to rounding, and it is summed apart so that this can be checked.
    """

    points: Counts
    embeddings: npt.NDArray[np.float64]
    evaluators: Counts
    utilities: Counts
    squares: Counts
    components: Counts

    @classmethod
    def empty(cls, classes: int, dimensions: int) -> "Sketch":
        """Return the sketch of no points at all."""
        pair = (2, classes)
        return cls(
            np.zeros(classes, np.int64),
            np.zeros((classes, dimensions)),
            *(np.zeros(pair, np.int64) for _ in range(4)),
        )

    def __add__(self, other: "Sketch") -> "Sketch":
        return Sketch(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __sub__(self, other: "Sketch") -> "Sketch":
        return Sketch(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(self)))

    @property
    def size(self) -> int:
        """How many points the coalition has."""
        return int(self.points.sum())
