"""Proposition 1: Pr[|ψ̂ − ψ| >= η] <= 2 exp(−T η² / (8 B²)), |v| <= B; and so an error of T^-1/2.

The tail is Hoeffding's, marginals lying in [−2B, 2B]. It is loose; a test that it holds says little
by itself, so the slope and the size of the errors are tested too.
"""

import numpy as np
import pytest

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.methods.algorithm1.estimates import estimate
from hcdv_stream.valuation.methods.utility import CoalitionGame
from tests.theory.games import empirical, ends, learning_curve, random_game, shapley, table_game

PLAYERS, RUNS = 6, 400


def errors(game: CoalitionGame, permutations: int, draws: str) -> Floats:
    """|ψ̂ − ψ| of many runs, (RUNS, K)."""
    nobody, _ = ends(game)
    found = empirical(
        lambda seed: estimate(game, nobody, permutations, draws, (seed, permutations)).psi, RUNS
    )
    return np.abs(found - shapley(game))


def steep(bound: float) -> CoalitionGame:
    """A game of the largest marginals that |v| <= B allows: from −B to B at the third arrival."""
    sizes = np.bitwise_count(np.arange(2**PLAYERS))
    return table_game(PLAYERS, np.where(sizes < 3, -bound, bound))


@pytest.mark.parametrize("draws", ["shared", "own"])
@pytest.mark.parametrize("game", [random_game(PLAYERS, 3, bound=1.2), steep(1.2)])
def test_the_tail_of_proposition_1(game: CoalitionGame, draws: str) -> None:
    bound, permutations = 1.2, 16
    found = errors(game, permutations, draws)
    for eta in (1.8, 2.4, 3.0):
        allowed = 2 * np.exp(-permutations * eta**2 / (8 * bound**2))
        assert allowed < 1
        assert (found >= eta).mean(axis=0).max() <= allowed
        assert (found.max(axis=1) >= eta).mean() <= PLAYERS * allowed


def test_the_tail_scales_as_printed() -> None:
    """The error that one run in twenty exceeds is within Eq. 25's, at every T, and not void."""
    game = steep(1.0)
    for permutations in (4, 16, 64):
        allowed = np.sqrt(8 * np.log(2 / 0.05) / permutations)
        exceeded = np.quantile(errors(game, permutations, "own"), 0.95)
        assert 0.1 * allowed < exceeded < allowed


@pytest.mark.parametrize("draws", ["shared", "own"])
def test_errors_fall_as_the_root_of_permutations(draws: str) -> None:
    game = random_game(PLAYERS, 7)
    counts = np.array([4, 16, 64, 256])
    size = [np.sqrt((errors(game, count, draws) ** 2).mean()) for count in counts]
    slope = np.polyfit(np.log(counts), np.log(size), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.03)


@pytest.mark.parametrize("draws", ["shared", "own", "antithetic"])
def test_variances_are_what_estimates_vary_by(draws: str) -> None:
    """12 players, so that antithetic pairs are drawn and not enumerated; all subsets for truth."""
    from hcdv_stream.valuation.methods.semivalues import exact

    game = random_game(12, 11)
    nobody, _ = ends(game)
    runs = [estimate(game, nobody, 16, draws, (seed,)) for seed in range(RUNS)]
    found = np.stack([run.psi for run in runs])
    claimed = np.mean([run.variance for run in runs], axis=0)
    np.testing.assert_allclose(claimed, found.var(axis=0, ddof=1), rtol=0.35)
    errors = (found.mean(axis=0) - exact(game)) / np.sqrt(claimed / RUNS)
    assert np.abs(errors).max() < 4.5


def test_antithetic_pairs_help_on_a_learning_curve() -> None:
    game = learning_curve(12, 11)
    nobody, _ = ends(game)
    size = {
        draws: np.mean([estimate(game, nobody, 16, draws, (seed,)).variance for seed in range(100)])
        for draws in ("shared", "antithetic")
    }
    assert size["antithetic"] < 0.9 * size["shared"]
