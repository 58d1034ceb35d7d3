"""Asking games: each coalition once."""

import numpy as np

from hcdv_stream.valuation.methods.utility import Cached, CoalitionGame
from tests.valuation import known_games as games


def test_a_coalition_is_worked_out_once_even_within_a_call():
    calls = []

    def worth(membership):
        calls.append(len(membership))
        return membership.sum(axis=1).astype(float)

    cached = Cached(CoalitionGame(5, worth))
    members = np.array([[1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [1, 0, 0, 0, 0]], bool)
    assert cached(members).tolist() == [1.0, 2.0, 1.0]
    assert cached(members[:2]).tolist() == [1.0, 2.0]
    assert (calls, cached.evaluations, cached.players) == ([2], 2, 5)
    assert cached(members[:0]).shape == (0,)


def test_caching_changes_no_worth():
    game = games.random_game(9, 4)
    members = np.random.default_rng(0).random((300, 9)) < 0.5
    np.testing.assert_array_equal(Cached(game)(members), game(members))
