"""Exact semivalues against enumeration and published values; the laws of sizes."""

from math import comb

import numpy as np
import pytest

from hcdv_stream.valuation.methods.semivalues import banzhaf_sizes, beta_sizes, exact, shapley_sizes
from hcdv_stream.valuation.methods.utility import CoalitionGame
from tests.valuation import known_games as games
from tests.valuation.reference import shapley


def asked(game):
    """A game as the slow reference asks for it: by tuples."""

    def worth(coalition):
        membership = np.zeros((1, game.players), bool)
        membership[0, list(coalition)] = True
        return game(membership)[0]

    return worth


@pytest.mark.parametrize("players", [1, 2, 5, 8])
def test_shapley_equals_the_slow_definition(players):
    game = games.random_game(players, players)
    np.testing.assert_allclose(exact(game), shapley(players, asked(game)), atol=1e-10)


@pytest.mark.parametrize("players", [3, 6, 10])
def test_published_values(players):
    even = players + players % 2
    for game, law, expected in (
        (games.voting(players), shapley_sizes, games.voting_shapley(players)),
        (games.voting(even), banzhaf_sizes, games.voting_banzhaf(even)),
        (games.shoes(even), shapley_sizes, games.shoes_shapley(even)),
        (games.airport(players), shapley_sizes, games.airport_shapley(players)),
        (games.airport(players), banzhaf_sizes, games.airport_banzhaf(players)),
    ):
        np.testing.assert_allclose(exact(game, law), expected, atol=1e-10)


def test_banzhaf_is_the_mean_over_all_coalitions_of_the_others():
    game = games.random_game(6, 1)
    subsets = (np.arange(64)[:, None] >> np.arange(6) & 1).astype(bool)
    for player in range(6):
        without = subsets[~subsets[:, player]]
        joined = without.copy()
        joined[:, player] = True
        expected = (game(joined) - game(without)).mean()
        assert exact(game, banzhaf_sizes)[player] == pytest.approx(expected, abs=1e-10)


def test_beta_weighs_sizes_as_its_paper_prints():
    # Kwon and Zou 2022, Section 3: the j-th player to come (j from 1) weighs
    # n · B(j + β − 1, n − j + α) / B(α, β) for each of C(n − 1, j − 1) equally likely sets, over n.
    def beta_function(a, b):
        steps = np.linspace(0.0, 1.0, 200_001)
        return np.trapezoid(steps ** (a - 1) * (1 - steps) ** (b - 1), steps)

    players, alpha, beta = 7, 4.0, 2.0
    expected = [
        comb(players - 1, j - 1)
        * beta_function(j + beta - 1, players - j + alpha)
        / beta_function(alpha, beta)
        for j in range(1, players + 1)
    ]
    np.testing.assert_allclose(beta_sizes(alpha, beta)(players), expected, atol=1e-8)


def test_laws_are_probabilities_and_beta_one_one_is_shapley():
    for law in (shapley_sizes, banzhaf_sizes, beta_sizes(16, 1), beta_sizes(1, 16)):
        for players in (1, 2, 9, 2000):
            assert law(players).sum() == pytest.approx(1.0, abs=1e-9)
    np.testing.assert_allclose(beta_sizes(1, 1)(9), shapley_sizes(9), atol=1e-12)
    small_first = beta_sizes(16, 1)(9)
    assert (np.diff(small_first) < 0).all()


def test_what_cannot_be_enumerated_and_what_beta_may_be():
    with pytest.raises(ValueError, match="21 players have too many coalitions"):
        exact(CoalitionGame(21, lambda membership: membership.sum(axis=1) * 1.0))
    with pytest.raises(ValueError, match="alpha and beta must be above 0, got 0 and 1"):
        beta_sizes(0, 1)
