"""Eq. 17: T Σ_ℓ K_ℓ evaluations; "2T calls" a coalition, one with it and one without."""

import numpy as np
import pytest

from hcdv_stream.valuation.methods.algorithm1 import Interpretation, algorithm_1
from hcdv_stream.valuation.methods.level_structure import OwenSampler
from hcdv_stream.valuation.methods.levels import Levels
from hcdv_stream.valuation.methods.sampling.run import run
from hcdv_stream.valuation.methods.sampling.stopping import Rounds
from hcdv_stream.valuation.methods.utility import CoalitionGame, Membership

EXAMPLES, T = 240, 32


class Asked:
    """A game that counts the coalitions it is asked for."""

    def __init__(self) -> None:
        self.count = 0

    def worth(self, membership: Membership) -> np.ndarray:
        self.count += len(membership)
        return np.sqrt(membership.sum(axis=1)) / np.sqrt(EXAMPLES)


def tree(*counts: int) -> Levels:
    """Equal coalitions, each level cut further."""
    rows = np.arange(EXAMPLES)
    return Levels(np.stack([rows * count // EXAMPLES for count in counts]))


@pytest.mark.parametrize("players", ["siblings", "level"])
@pytest.mark.parametrize("counts", [(4,), (4, 24), (12, 24, 120)])
def test_evaluations(counts: tuple[int, ...], players: str) -> None:
    levels = tree(*counts)
    for draws, most in (("shared", T * sum(counts)), ("own", (2 * T + 1) * sum(counts))):
        asked = Asked()
        found = algorithm_1(
            CoalitionGame(EXAMPLES, asked.worth),
            levels,
            permutations=T,
            leaf_size=1,
            interpretation=Interpretation(players=players, draws=draws),
        )
        assert found.evaluations == asked.count
        assert found.leaf_evaluations == 0
        assert found.evaluations - 2 <= most
        if draws == "own":
            assert found.evaluations - 2 == most


def test_evaluations_do_not_grow_with_examples_beside_the_tree() -> None:
    """One tree, ten times the examples: the same calls, where flat sampling needs T·n."""
    asked = []
    for examples in (EXAMPLES, 10 * EXAMPLES):
        rows = np.arange(examples)
        levels = Levels(np.stack([rows * 4 // examples, rows * 24 // examples]))
        game = CoalitionGame(examples, lambda membership: membership.mean(axis=1))
        asked.append(algorithm_1(game, levels, permutations=T, leaf_size=1).evaluations)
    assert asked[0] == asked[1] < T * EXAMPLES


def test_leaves_cost_what_enumeration_costs() -> None:
    levels = tree(4, 24)
    asked = Asked()
    found = algorithm_1(CoalitionGame(EXAMPLES, asked.worth), levels, permutations=T, leaf_size=10)
    assert found.leaf_evaluations == 24 * 2**10
    assert found.evaluations + found.leaf_evaluations == asked.count


@pytest.mark.parametrize("minimum", [0.0, 0.25])
def test_the_level_structure_value_costs_an_evaluation_an_example_and_order(minimum: float) -> None:
    asked = Asked()
    sampler = OwenSampler(tree(4, 24), minimum=minimum, batch=5)
    found = run(sampler, CoalitionGame(EXAMPLES, asked.worth), Rounds(3))
    assert found.evaluations == asked.count
    expected = EXAMPLES - 1 if minimum == 0.0 else EXAMPLES - EXAMPLES // 4
    assert found.evaluations == 2 + 15 * expected
