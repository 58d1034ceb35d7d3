"""Algorithm 1 as a sampled method: with criteria that stop it, resumed, as the other ones are.

``run(Algorithm1Sampler(levels), utility, Rounds(1))`` is Algorithm 1. A round plays it once, with T
permutations of its own; values are the mean over rounds, so they add up to v(D) − v(∅) after each.
That is not quite Algorithm 1 with more permutations, since line 9 rescales in every round. Errors
are those within a round, and what separates the rounds.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np

from hcdv_stream.valuation.methods.algorithm1.algorithm import LeafValues, algorithm_1
from hcdv_stream.valuation.methods.algorithm1.interpretation import Interpretation
from hcdv_stream.valuation.methods.levels import Levels
from hcdv_stream.valuation.methods.sampling.run import Ends, Parameter
from hcdv_stream.valuation.methods.sampling.tally import Tally
from hcdv_stream.valuation.methods.utility import Utility


@dataclass(frozen=True)
class Algorithm1Sampler:
    """T is ``permutations``, M ``leaf_size``; see ``algorithm_1`` for these and the others."""

    levels: Levels
    permutations: int = 256
    leaf_size: int = 64
    interpretation: Interpretation = field(default_factory=Interpretation)
    leaf_values: LeafValues | None = None
    name: str = "algorithm1"

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        return {
            "levels": self.levels.described,
            "permutations": self.permutations,
            "leaf_size": self.leaf_size,
            **asdict(self.interpretation),
            "leaf_values": self.leaf_values is not None,
        }

    @property
    def arms(self) -> int:
        return 1

    def players(self, utility: Utility) -> int:
        return self.levels.checked(utility.players)

    def round(
        self, utility: Utility, ends: Ends, generator: np.random.Generator
    ) -> tuple[Tally, int]:
        """Play the algorithm once; each permutation counts as an observation."""
        found = algorithm_1(
            utility,
            self.levels,
            permutations=self.permutations,
            leaf_size=self.leaf_size,
            interpretation=self.interpretation,
            leaf_values=self.leaf_values,
            seed=int(generator.integers(2**63)),
        )
        seen = Tally.of_means(max(self.permutations, 2), found.values, found.stderr)
        return seen, found.evaluations + found.leaf_evaluations
