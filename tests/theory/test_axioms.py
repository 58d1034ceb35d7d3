"""Symmetry, dummy and additivity: what the printed method keeps, and what it only approximates.

The paper claims that the four axioms hold approximately. Inside one game they hold exactly; across
games rescaling breaks them, which the counterexamples here pin down. The Owen–Winter value keeps
efficiency, dummy and additivity always, and symmetry among siblings.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.valuation.methods.algorithm1 import Interpretation, algorithm_1
from hcdv_stream.valuation.methods.level_structure import OwenSampler
from hcdv_stream.valuation.methods.levels import Levels
from hcdv_stream.valuation.methods.sampling.run import run
from hcdv_stream.valuation.methods.sampling.stopping import Rounds
from hcdv_stream.valuation.methods.utility import CoalitionGame
from tests.theory.games import random_game, summed

LEVELS = Levels(np.array([[0, 0, 0, 1, 1, 1], [0, 0, 1, 2, 2, 2]]))
TWINS_TOGETHER = (0, 1)
EXACT = Interpretation(unscalable="shift")


def twins(seed: int, first: int, second: int) -> CoalitionGame:
    """Make two players indistinguishable: only how many of them there are counts."""
    inner = random_game(6, seed)

    def worth(membership):
        both = membership.copy()
        both[:, first] = membership[:, first] | membership[:, second]
        both[:, second] = membership[:, first] & membership[:, second]
        return inner(both)

    return CoalitionGame(6, worth)


def with_dummy(seed: int, player: int) -> CoalitionGame:
    inner = random_game(6, seed)

    def worth(membership):
        without = membership.copy()
        without[:, player] = False
        return inner(without)

    return CoalitionGame(6, worth)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_symmetry_within_a_leaf(seed: int) -> None:
    found = algorithm_1(twins(seed, *TWINS_TOGETHER), LEVELS, interpretation=EXACT)
    assert found.values[0] == pytest.approx(found.values[1], abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_symmetry_of_coalitions_with_one_parent(seed: int) -> None:
    """Coalitions {0, 1} and {2} of one parent made alike: equal ψ̂, equal credit."""
    inner = random_game(6, seed)

    def worth(membership):
        pair, single = membership[:, 0] & membership[:, 1], membership[:, 2]
        alike = membership.copy()
        alike[:, 0], alike[:, 1], alike[:, 2] = pair | single, pair & single, False
        return inner(alike)

    level = algorithm_1(CoalitionGame(6, worth), LEVELS, interpretation=EXACT).levels[2]
    assert level.psi[0] == pytest.approx(level.psi[1], abs=1e-12)
    assert level.credit[0] == pytest.approx(level.credit[1], abs=1e-9)


def test_symmetry_fails_across_leaves() -> None:
    """Two copies of one example in different leaves need not be worth the same."""
    found = algorithm_1(twins(3, 0, 3), LEVELS, interpretation=EXACT)
    assert abs(found.values[0] - found.values[3]) > 0.01


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_dummy_gets_nothing_in_a_leaf_that_is_played(seed: int) -> None:
    """Rescaling multiplies 0; a uniform split and a shift do give it a part."""
    game = with_dummy(seed, 4)
    played = algorithm_1(game, LEVELS, interpretation=Interpretation(unscalable="as-printed"))
    assert played.values[4] == pytest.approx(0.0, abs=1e-9)
    split = algorithm_1(
        game, LEVELS, leaf_size=2, interpretation=Interpretation(unscalable="as-printed")
    )
    assert split.values[4] == split.values[3] == split.values[5]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_estimates_are_additive(seed: int) -> None:
    """Eq. 13 is linear in v: with the same draws, to rounding; at every level."""
    first, second = random_game(6, seed), random_game(6, seed + 1)
    for draws in ("shared", "own", "antithetic"):
        options = {"permutations": 4, "interpretation": Interpretation(draws=draws)}
        one, two, both = (
            algorithm_1(game, LEVELS, **options) for game in (first, second, summed(first, second))
        )
        for level in range(3):
            np.testing.assert_allclose(
                both.levels[level].psi,
                one.levels[level].psi + two.levels[level].psi,
                atol=1e-12,
            )


def test_credits_are_not_additive() -> None:
    """A credit is a product of shares of different levels, so line 9 gives additivity up."""
    first, second = random_game(6, 1), random_game(6, 2)
    one, two, both = (
        algorithm_1(game, LEVELS).values for game in (first, second, summed(first, second))
    )
    assert np.abs(both - one - two).max() > 0.01


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), minimum=st.sampled_from([0.0, 0.4]))
def test_the_level_structure_value_keeps_additivity_and_efficiency(
    seed: int, minimum: float
) -> None:
    sampler = OwenSampler(LEVELS, minimum=minimum, batch=3)
    first, second = random_game(6, seed), random_game(6, seed + 1)
    one, two, both = (
        run(sampler, game, Rounds(2)) for game in (first, second, summed(first, second))
    )
    np.testing.assert_allclose(both.values, one.values + two.values, atol=1e-12)
    for found in (one, two, both):
        assert found.ends is not None
        surplus = found.ends.everybody - found.ends.nobody
        assert found.values.sum() == pytest.approx(surplus, abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_level_structure_value_gives_a_dummy_nothing(seed: int) -> None:
    found = run(OwenSampler(LEVELS, batch=3), with_dummy(seed, 4), Rounds(1))
    assert found.values[4] == pytest.approx(0.0, abs=1e-15)
