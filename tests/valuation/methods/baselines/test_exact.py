"""Baselines without chance, or with none left: leave-one-out, groups, owners, random."""

import numpy as np
import pytest

from hcdv_stream.valuation.methods.baselines.group_shapley import group_shapley, shared
from hcdv_stream.valuation.methods.baselines.leave_one_out import leave_one_out
from hcdv_stream.valuation.methods.baselines.random_values import chance
from hcdv_stream.valuation.methods.sampling.run import run
from hcdv_stream.valuation.methods.sampling.stopping import Rounds
from hcdv_stream.valuation.methods.sampling.uniform_sizes import UniformSizeSampler
from hcdv_stream.valuation.methods.semivalues import exact
from hcdv_stream.valuation.methods.utility import CoalitionGame
from tests.valuation import known_games as games
from tests.valuation.reference import shapley


def test_leave_one_out_is_what_the_others_lose():
    game = games.random_game(7, 2)
    everybody = np.ones((1, 7), bool)
    estimate = leave_one_out(game)
    for player in range(7):
        others = everybody.copy()
        others[0, player] = False
        expected = game(everybody)[0] - game(others)[0]
        assert estimate.values[player] == pytest.approx(expected, abs=1e-10)
    assert (estimate.evaluations, estimate.stderr.sum()) == (8, 0.0)


def test_leave_one_out_of_published_games():
    assert leave_one_out(games.voting(10)).values.tolist() == [0.0] * 10
    assert leave_one_out(games.shoes(10)).values.tolist() == [1.0] * 10
    alone = np.zeros(10)  # nobody else needs as long a runway as players 9 does: √9 = 3
    alone[9] = 1.0
    assert leave_one_out(games.airport(10)).values.tolist() == alone.tolist()


def test_groups_play_the_game_of_their_unions():
    game, groups = games.random_game(9, 6), np.array([0, 1, 1, 2, 0, 3, 3, 3, 2])

    def of_groups(coalition):
        return game(np.isin(groups, coalition)[None])[0]

    estimate = group_shapley(game, groups, Rounds(1))
    np.testing.assert_allclose(estimate.values, shapley(4, of_groups), atol=1e-10)
    examples = shared(estimate, groups)
    np.testing.assert_allclose(np.bincount(groups, examples.values), estimate.values, atol=1e-12)
    assert examples.values[5] == examples.values[6] == examples.values[7]


def test_many_groups_are_sampled():
    game, groups = games.airport(24), np.arange(24) // 2
    unions = CoalitionGame(12, lambda membership: game(np.repeat(membership, 2, axis=1)))
    estimate = group_shapley(game, groups, Rounds(300), seed=3)
    assert (np.abs(estimate.values - exact(unions)) <= 4 * estimate.stderr + 1e-10).all()


@pytest.mark.parametrize("groups", [[0, 1], [0, 2, 2], [0, -1, 1]])
def test_groups_that_do_not_fit(groups):
    with pytest.raises(ValueError, match="groups must"):
        group_shapley(games.voting(3), np.array(groups), Rounds(1))


def test_owners_of_one_size_under_a_count_game_get_their_shapley_value():
    owners = np.repeat(np.arange(5), 3)
    game = CoalitionGame(15, lambda membership: np.sqrt(membership.sum(axis=1)))
    by_owner = CoalitionGame(5, lambda membership: game(np.repeat(membership, 3, axis=1)))
    estimate = run(UniformSizeSampler(owners), game, Rounds(1))
    np.testing.assert_allclose(estimate.values, exact(by_owner), atol=1e-10)
    assert estimate.evaluations == 2 + 2 * 25


def test_owners_of_one_example_get_their_shapley_value_on_average():
    game = games.random_game(7, 9)
    estimate = run(UniformSizeSampler(np.arange(7)), game, Rounds(2000))
    assert (np.abs(estimate.values - exact(game)) <= 4 * estimate.stderr).all()


def test_owners_of_different_sizes_follow_the_printed_formula():
    owners = np.array([0, 0, 0, 0, 1, 2])
    game = CoalitionGame(6, lambda membership: np.log1p(membership.sum(axis=1)))
    expected = []
    for own, mean in ((4, 1.0), (1, 2.5), (1, 2.5)):
        piles = np.rint(np.arange(3) * mean)
        expected.append((np.log1p(piles + own) - np.log1p(piles)).mean())
    estimate = run(UniformSizeSampler(owners), game, Rounds(1))
    np.testing.assert_allclose(estimate.values, expected, atol=1e-10)


def test_random_values_know_their_seed_only():
    assert np.array_equal(chance(9, 1).values, chance(9, 1).values)
    assert not np.array_equal(chance(9, 1).values, chance(9, 2).values)
