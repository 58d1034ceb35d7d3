"""TMC, Beta-Shapley and Banzhaf: within their own standard errors of enumeration."""

import numpy as np
import pytest

from hcdv_stream.valuation.methods.baselines.data_shapley import banzhaf, beta_shapley, tmc
from hcdv_stream.valuation.methods.sampling.permutation import PermutationSampler
from hcdv_stream.valuation.methods.sampling.run import run
from hcdv_stream.valuation.methods.sampling.stopping import Rounds
from hcdv_stream.valuation.methods.semivalues import banzhaf_sizes, beta_sizes, exact, shapley_sizes
from hcdv_stream.valuation.methods.utility import CoalitionGame
from tests.valuation import known_games as games

METHODS = {
    "tmc": (tmc(truncation=None), shapley_sizes, 400),
    "pairs": (PermutationSampler(pairs=True), shapley_sizes, 400),
    "beta": (beta_shapley(4.0, 1.0), beta_sizes(4.0, 1.0), 400),
    "banzhaf": (banzhaf(), banzhaf_sizes, 40),
}
GAMES = {
    "random": games.random_game(7, 3),
    "airport": games.airport(10),
    "voting": games.voting(9),
    "shoes": games.shoes(8),
}


def assert_within_four_errors(estimate, expected):
    assert (np.abs(estimate.values - expected) <= 4 * estimate.stderr + 1e-10).all()
    assert estimate.stderr.max() < 0.15 * (np.abs(expected).max() + 1)


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("method", METHODS)
def test_within_four_standard_errors_of_enumeration(method, game):
    sampler, law, rounds = METHODS[method]
    estimate = run(sampler, GAMES[game], Rounds(rounds), seed=1)
    assert_within_four_errors(estimate, exact(GAMES[game], law))


@pytest.mark.parametrize(
    ("sampler", "rounds", "game", "expected"),
    [
        (tmc(None, batch=50), 40, games.voting(100), games.voting_shapley(100)),
        (tmc(None, batch=50), 40, games.shoes(100), games.shoes_shapley(100)),
        (tmc(None, batch=50), 40, games.airport(100), games.airport_shapley(100)),
        (banzhaf(400), 40, games.voting(30), games.voting_banzhaf(30)),
        (banzhaf(400), 40, games.airport(30), games.airport_banzhaf(30)),
    ],
)
def test_published_values_of_large_games(sampler, rounds, game, expected):
    estimate = run(sampler, game, Rounds(rounds), seed=5)
    assert (np.abs(estimate.values - expected) <= 4 * estimate.stderr + 1e-10).all()


def test_standard_errors_are_honest():
    game = games.airport(8)
    truth = exact(game)
    for sampler in (tmc(truncation=None), PermutationSampler(pairs=True)):
        runs = [run(sampler, game, Rounds(10), seed=seed) for seed in range(60)]
        deviations = np.array([each.values - truth for each in runs])
        promised = np.mean([each.stderr**2 for each in runs], axis=0)
        actual = (deviations**2).mean(axis=0)
        assert 0.6 < np.sqrt(actual.sum() / promised.sum()) < 1.6


def test_marginals_telescope_whatever_is_drawn():
    game = games.random_game(9, 8)
    estimate = run(tmc(truncation=None), game, Rounds(1), seed=0)
    assert estimate.values.sum() == pytest.approx(
        estimate.ends.everybody - estimate.ends.nobody, abs=1e-12
    )


def test_truncation_holds_an_order_at_its_first_close_prefix():
    asked = []

    def worth(membership):
        asked.extend(membership.sum(axis=1).tolist())
        return np.minimum(membership.sum(axis=1), 10) / 10

    game = CoalitionGame(200, worth)
    estimate = run(PermutationSampler(truncation=0.0, batch=3), game, Rounds(4), seed=2)
    assert max(asked[2:]) <= 16
    assert estimate.evaluations == len(asked) == 2 + 4 * 3 * 16
    # Twelve orders with ten players each that add a tenth.
    np.testing.assert_allclose(estimate.values.sum(), 1.0)
    np.testing.assert_allclose(estimate.values * 120, np.rint(estimate.values * 120), atol=1e-9)


def test_truncation_at_once_is_leave_nothing():
    game = CoalitionGame(5, lambda membership: np.full(len(membership), 0.7))
    estimate = run(tmc(), game, Rounds(3))
    assert estimate.values.tolist() == [0.0] * 5
    assert estimate.evaluations == 2


def test_impossible_samplers():
    with pytest.raises(ValueError, match="batch must be at least 1, got 0"):
        tmc(batch=0)
    with pytest.raises(ValueError, match="truncation must be at least 0 or None"):
        tmc(truncation=-1.0)
    with pytest.raises(ValueError, match="batch must be at least 1, got 0"):
        banzhaf(batch=0)
