"""A cooperative game on n players: what coalitions are worth, many at a time.

Every method that does not know the inside of its game asks through this one call, so that a utility
may batch, cache or spread the work over processes as it likes: the answer must depend on the
coalition alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Membership = npt.NDArray[np.bool_]


class Utility(Protocol):
    """A game; the empty coalition may be worth something."""

    @property
    def players(self) -> int:
        """How many players there are, n."""

    def __call__(self, membership: Membership) -> Floats:
        """Return the worth (P,) of P coalitions, the rows of membership (P, n)."""


@dataclass(frozen=True, slots=True)
class CoalitionGame:
    """A utility from a function of membership rows: (P, n) gives (P,)."""

    players: int
    worth: Callable[[Membership], Floats]

    def __call__(self, membership: Membership) -> Floats:
        return self.worth(membership)


@dataclass(slots=True)
class Cached:
    """Asks each coalition once; ``evaluations`` counts those that were really worked out.

    Memory grows by about 100 + n/8 bytes a coalition.
    """

    utility: Utility
    evaluations: int = 0
    _known: dict[bytes, float] = field(default_factory=dict, repr=False)

    @property
    def players(self) -> int:
        return self.utility.players

    def __call__(self, membership: Membership) -> Floats:
        packed = np.packbits(membership, axis=1)
        keys = [row.tobytes() for row in packed]
        first = {key: place for place, key in enumerate(keys) if key not in self._known}
        if first:
            worth = self.utility(membership[list(first.values())])
            self._known.update(zip(first, worth.tolist(), strict=True))
            self.evaluations += len(first)
        return np.array([self._known[key] for key in keys], np.float64)
