"""Permutation sampling: a player is worth what it adds to those before it, on average.

A round draws ``batch`` uniformly random orders and asks for their prefixes, as many at once as
truncation allows. Truncation (Ghorbani and Zou, "Data Shapley", ICML 2019, Algorithm 1): once a
prefix is worth within ``truncation`` of everybody, the rest of its order adds nothing. It saves
evaluations and leaves at most ``truncation`` of each order's worth to nobody; None never truncates.
Prefixes are asked for in strides of all orders that are still going, so up to a stride less one too
many.

Any semivalue follows from the same marginals: one that came after s others counts n·p(s) times
(``semivalues``), which for Shapley is once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.games.permutations import Orders, antithetic
from hcdv_stream.valuation.methods.sampling.run import Ends, Parameter
from hcdv_stream.valuation.methods.sampling.tally import Tally
from hcdv_stream.valuation.methods.semivalues import SizeLaw, shapley_sizes
from hcdv_stream.valuation.methods.utility import Utility

_MOST_CELLS = 1 << 24
"""Memberships spelt out at once: bounds memory, changes no value."""


@dataclass(frozen=True)
class PermutationSampler:
    """A round is ``batch`` orders, or that many pairs of an order and its reverse.

    ``law`` is the semivalue's; ``settings`` are added to the provenance.
    """

    name: str = "tmc"
    law: SizeLaw = shapley_sizes
    truncation: float | None = None
    batch: int = 4
    pairs: bool = False
    stride: int = 16
    settings: Mapping[str, Parameter] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("batch", "stride"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.truncation is not None and not self.truncation >= 0:
            raise ValueError(f"truncation must be at least 0 or None, got {self.truncation}")

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        own = {"truncation": self.truncation, "batch": self.batch, "pairs": self.pairs}
        return own | dict(self.settings)

    @property
    def arms(self) -> int:
        return 1

    def players(self, utility: Utility) -> int:
        return utility.players

    def draw(self, players: int, generator: np.random.Generator) -> Orders:
        """Return a round's orders, (batch, players), or twice as many; see ``pairs``."""
        orders = antithetic(players, self.batch, generator)
        return orders if self.pairs else orders[: self.batch]

    def round(
        self, utility: Utility, ends: Ends, generator: np.random.Generator
    ) -> tuple[Tally, int]:
        """Draw the orders and weigh the marginals along them."""
        players = utility.players
        orders = self.draw(players, generator)
        along, asked = self._along(orders, utility, ends)
        marginals = np.diff(along, axis=1) * (players * self.law(players))
        terms = np.empty_like(marginals)
        np.put_along_axis(terms, orders, marginals, axis=1)
        if self.pairs:
            terms = (terms[: self.batch] + terms[self.batch :]) / 2
        return Tally.of_terms(terms), asked

    def _along(self, orders: Orders, utility: Utility, ends: Ends) -> tuple[Floats, int]:
        """Return the worth of all prefixes, the empty one first, (T, n + 1), and what it took."""
        count, players = orders.shape
        ranks = np.argsort(orders, axis=1)
        along = np.full((count, players + 1), ends.everybody)
        along[:, 0] = ends.nobody
        going, asked = np.arange(count), 0
        stride = max(1, _MOST_CELLS // (count * players))
        if self.truncation is not None:
            stride = min(stride, self.stride)
        for start in range(1, players, stride):
            sizes = np.arange(start, min(start + stride, players))
            going = going[~self._close(along[going, start - 1], ends)]
            if not len(going):
                break
            prefixes = ranks[going][:, None, :] < sizes[:, None]
            worth = utility(prefixes.reshape(-1, players)).reshape(len(going), len(sizes))
            asked += worth.size
            along[going[:, None], sizes] = worth
        return self._truncated(along, ends), asked

    def _close(self, worth: Floats, ends: Ends) -> npt.NDArray[np.bool_]:
        if self.truncation is None:
            return np.zeros(worth.shape, np.bool_)
        close: npt.NDArray[np.bool_] = np.abs(ends.everybody - worth) <= self.truncation
        return close

    def _truncated(self, along: Floats, ends: Ends) -> Floats:
        """Hold each order at its first prefix that is close to everybody."""
        if self.truncation is None:
            return along
        close = self._close(along, ends)
        first = np.argmax(close, axis=1)
        held = np.minimum(np.arange(along.shape[1]), first[:, None])
        return np.take_along_axis(along, held, axis=1)
