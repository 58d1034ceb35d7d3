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
    """Algorithm 1 as a sampler: a round plays it once.

    Parameters
    ----------
    levels : Levels
        The hierarchy.
    permutations : int, default=256
        T, the orders that each game is sampled with.
    leaf_size : int, default=64
        M: a larger leaf is split equally.
    interpretation : Interpretation, optional
        What the text leaves open.
    leaf_values : callable, optional
        Returns exact Shapley values among some examples alone, if the game has a closed form.
    name : str, default="algorithm1"
        The method's name, for provenance.

    Examples
    --------
    >>> import numpy as np
    >>> from hcdv_stream.methods import Algorithm1Sampler, CoalitionGame, Levels, Rounds, run
    >>> levels = Levels(np.array([[0, 0, 1]]))
    >>> game = CoalitionGame(3, lambda members: members @ [1.0, 2.0, 4.0])
    >>> bool(abs(run(Algorithm1Sampler(levels), game, Rounds(1)).values.sum() - 7.0) < 1e-9)
    True

    """

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
        """Return how many players are valued.

        Parameters
        ----------
        utility : Utility
            The game.

        Returns
        -------
        int

        Raises
        ------
        ValueError
            If the levels have another number of examples.

        """
        return self.levels.checked(utility.players)

    def round(
        self, utility: Utility, ends: Ends, generator: np.random.Generator
    ) -> tuple[Tally, int]:
        """Play the algorithm once; each permutation counts as an observation.

        Parameters
        ----------
        utility : Utility
            The game of n players.
        ends : Ends
            v(empty) and v(N).
        generator : numpy.random.Generator
            Makes every draw.

        Returns
        -------
        Tally
            What was seen of each player.
        int
            How many coalitions were asked for.

        """
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
