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

from hcdv_stream.valuation.arrays import Floats

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
    """A game from a function.

    Parameters
    ----------
    players : int
        How many players there are, n.
    worth : callable
        Gets P coalitions as a boolean matrix (P, n) and returns what they are worth, (P,).

    Examples
    --------
    >>> import numpy as np
    >>> from hcdv_stream.methods import CoalitionGame
    >>> game = CoalitionGame(2, lambda members: 1.0 * members.all(axis=1))
    >>> game(np.array([[True, False], [True, True]])).tolist()
    [0.0, 1.0]

    """

    players: int
    worth: Callable[[Membership], Floats]

    def __call__(self, membership: Membership) -> Floats:
        return self.worth(membership)


@dataclass(slots=True)
class Cached:
    """A game that asks another for each coalition once.

    Memory grows by about 100 + n/8 bytes a coalition.

    Parameters
    ----------
    utility : Utility
        The other game.

    Attributes
    ----------
    evaluations : int
        The coalitions that were really worked out.

    Examples
    --------
    >>> import numpy as np
    >>> from hcdv_stream.methods import Cached, CoalitionGame
    >>> game = Cached(CoalitionGame(2, lambda members: 1.0 * members.all(axis=1)))
    >>> everybody = np.ones((1, 2), bool)
    >>> [game(everybody).tolist() for _ in range(2)], game.evaluations
    ([[1.0], [1.0]], 1)

    """

    utility: Utility
    evaluations: int = field(default=0, init=False)
    _known: dict[bytes, float] = field(default_factory=dict, init=False, repr=False)

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
