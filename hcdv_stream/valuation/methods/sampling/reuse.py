"""Maximum-sample-reuse: every coalition that is drawn says something about every player.

Wang and Jia, "Data Banzhaf", AISTATS 2023, eq. 7: coalitions hold each player with probability ½;
a player's Banzhaf value is the mean worth of those with it minus the mean worth of those without.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hcdv_stream.valuation.methods.sampling.run import Ends, Parameter
from hcdv_stream.valuation.methods.sampling.tally import Tally
from hcdv_stream.valuation.methods.utility import Membership, Utility


@dataclass(frozen=True)
class ReuseSampler:
    """A round is ``batch`` coalitions. A player drawn with nobody, or always, is still NaN."""

    name: str = "banzhaf"
    batch: int = 100

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise ValueError(f"batch must be at least 1, got {self.batch}")

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        return {"batch": self.batch}

    @property
    def arms(self) -> int:
        return 2

    def players(self, utility: Utility) -> int:
        return utility.players

    def draw(self, players: int, generator: np.random.Generator) -> Membership:
        """Return a round's coalitions, (batch, players)."""
        return generator.random((self.batch, players)) < 0.5

    def round(
        self, utility: Utility, ends: Ends, generator: np.random.Generator
    ) -> tuple[Tally, int]:
        """Draw the coalitions and sort their worth by who was in them."""
        members = self.draw(utility.players, generator)
        worth = utility(members)
        sides = np.stack([members, ~members]).astype(np.float64)
        squares = np.einsum("p,apn->an", worth * worth, sides)
        return Tally(sides.sum(axis=1), np.einsum("p,apn->an", worth, sides), squares), self.batch
