"""Designs of coalitions against the definition of the Shapley value."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.valuation.games.permutations import Enumeration, Sampling, antithetic, design


def random_game(players, seed):
    """Return v of any subset, a random number each, and v(∅) = 0."""
    table = np.random.default_rng(seed).normal(size=2**players)
    table[0] = 0.0
    return lambda membership: table[membership @ (1 << np.arange(players))]


def saturating_game(players, seed):
    """Return v(S) = 1 − exp(−Σ weights): learning curves look like it."""
    weights = np.random.default_rng(seed).gamma(1.0, 3.0 / players, size=players)
    return lambda membership: 1.0 - np.exp(-(membership @ weights))


def walked(orders, game):
    """Mean marginal contributions, one step of one permutation at a time."""
    values = np.zeros(orders.shape[1])
    for order in orders:
        members = np.zeros(len(order), np.bool_)
        before = 0.0
        for player in order:
            members[player] = True
            after = float(game(members[None])[0])
            values[player] += (after - before) / len(orders)
            before = after
    return values


@pytest.mark.parametrize("players", [1, 2, 3, 6])
def test_enumeration_is_the_mean_over_all_permutations(players):
    game = random_game(players, seed=players)
    chosen = Enumeration(players)
    values, variance = chosen.shapley(game(chosen.membership))
    everyone = np.array(list(permutations(range(players))))
    np.testing.assert_allclose(values, walked(everyone, game), atol=1e-12)
    assert not variance.any()


@pytest.mark.parametrize(("players", "pairs"), [(3, 2), (12, 5), (17, 3)])
def test_sampling_is_the_mean_over_its_permutations(players, pairs):
    game = random_game(players, seed=players)
    chosen = Sampling(antithetic(players, pairs, np.random.default_rng(1)))
    values, _ = chosen.shapley(game(chosen.membership))
    np.testing.assert_allclose(values, walked(chosen.orders, game), atol=1e-12)


@given(st.integers(1, 14), st.integers(2, 9), st.integers(0, 1000))
@settings(max_examples=50, deadline=None)
def test_values_telescope_to_the_worth_of_everybody(players, count, seed):
    game = random_game(players, seed)
    chosen = design(players, count, (seed, 3))
    worth = game(chosen.membership)
    values, _ = chosen.shapley(worth)
    assert chosen.membership[-1].all()
    assert chosen.membership.any(axis=1).all()
    assert abs(values.sum() - worth[-1]) <= 1e-12
    np.testing.assert_array_equal(chosen.singles(worth), game(np.eye(players, dtype=np.bool_)))


def test_orders_come_in_pairs_of_an_order_and_its_reverse():
    orders = antithetic(20, 8, np.random.default_rng(0))
    assert orders.shape == (16, 20)
    np.testing.assert_array_equal(np.sort(orders, axis=1), np.tile(np.arange(20), (16, 1)))
    np.testing.assert_array_equal(orders[8:], orders[:8, ::-1])
    assert len(np.unique(orders, axis=0)) == 16


def test_few_players_are_enumerated_and_many_sampled():
    assert isinstance(design(10, 64, (0,)), Enumeration)
    sampled = design(11, 7, (0,))
    assert isinstance(sampled, Sampling)
    assert sampled.orders.shape == (8, 11)
    assert design(11, 2, (0,)).orders.shape == (4, 11)
    with pytest.raises(ValueError, match="at least 1 player, got 0"):
        design(0, 64, (0,))


def test_a_sample_is_a_function_of_its_seed():
    first, again, other = (design(16, 64, (7, node)) for node in (1, 1, 2))
    np.testing.assert_array_equal(first.orders, again.orders)
    assert (first.orders != other.orders).any()


def exact(players, game):
    chosen = Enumeration(players)
    return chosen.shapley(game(chosen.membership))[0]


def sampled_errors(players, game, pairs, repeats):
    """Errors and claimed standard errors of that many independent samples."""
    truth = exact(players, game)
    errors, claims = [], []
    for seed in range(repeats):
        chosen = Sampling(antithetic(players, pairs, np.random.default_rng([pairs, seed])))
        values, variance = chosen.shapley(game(chosen.membership))
        errors.append(values - truth)
        claims.append(np.sqrt(variance))
    return np.array(errors), np.array(claims)


@pytest.mark.parametrize("make", [random_game, saturating_game])
def test_antithetic_pairs_are_unbiased(make):
    errors, _ = sampled_errors(8, make(8, seed=5), pairs=8, repeats=400)
    standard = errors.std(axis=0, ddof=1) / np.sqrt(len(errors))
    assert (np.abs(errors.mean(axis=0)) <= 4 * standard).all()


def test_one_sample_lies_within_four_standard_errors_of_enumeration():
    errors, claims = sampled_errors(11, saturating_game(11, seed=2), pairs=500, repeats=1)
    assert (np.abs(errors[0]) <= 4 * claims[0]).all()


def test_the_error_falls_with_the_root_of_the_permutations():
    game = saturating_game(8, seed=3)
    few, _ = sampled_errors(8, game, pairs=8, repeats=100)
    many, _ = sampled_errors(8, game, pairs=128, repeats=100)
    ratio = np.sqrt((few**2).mean() / (many**2).mean())
    assert 3.2 < ratio < 4.8


def test_the_claimed_standard_error_is_the_error_made():
    errors, claims = sampled_errors(8, saturating_game(8, seed=4), pairs=32, repeats=300)
    ratio = np.sqrt((errors**2).mean(axis=0) / (claims**2).mean(axis=0))
    assert ((ratio > 0.85) & (ratio < 1.15)).all()


def test_antithetic_pairs_beat_independent_permutations():
    game = saturating_game(8, seed=6)
    truth = exact(8, game)
    paired, _ = sampled_errors(8, game, pairs=16, repeats=100)
    independent = []
    for seed in range(100):
        generator = np.random.default_rng([99, seed])
        orders = np.argsort(generator.random((32, 8)), axis=1)
        chosen = Sampling(orders)
        independent.append(chosen.shapley(game(chosen.membership))[0] - truth)
    assert (paired**2).mean() < 0.5 * (np.array(independent) ** 2).mean()


@pytest.mark.parametrize("players", [0, -1])
def test_a_game_without_players_has_no_design(players):
    with pytest.raises(ValueError, match=f"at least 1 player, got {players}"):
        design(players, 8, (0,))
