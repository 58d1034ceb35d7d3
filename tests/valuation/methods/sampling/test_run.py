"""Stopping, resuming, provenance."""

import numpy as np
import pytest

from hcdv_stream.valuation.methods.baselines.data_shapley import banzhaf, beta_shapley, tmc
from hcdv_stream.valuation.methods.baselines.leave_one_out import leave_one_out
from hcdv_stream.valuation.methods.sampling.run import run
from hcdv_stream.valuation.methods.sampling.stopping import (
    Evaluations,
    RankStability,
    Rounds,
    Seconds,
    StandardError,
)
from hcdv_stream.valuation.methods.utility import Cached
from tests.valuation import known_games as games

GAME = games.random_game(8, 0)


class Ticking:
    """A clock that advances by a second whenever it is read."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        self.now += 1.0
        return self.now


@pytest.mark.parametrize("sampler", [tmc(None), beta_shapley(), banzhaf(20)], ids=lambda s: s.name)
def test_resuming_is_the_same_as_never_stopping(sampler):
    whole = run(sampler, GAME, Rounds(9), seed=4)
    part = run(sampler, GAME, Rounds(2), seed=4)
    part = run(sampler, GAME, Rounds(5), seed=4, resume=part)
    rest = run(sampler, Cached(GAME), Rounds(9), seed=4, resume=part)
    assert np.array_equal(rest.values, whole.values)
    assert np.array_equal(rest.stderr, whole.stderr)
    assert np.array_equal(rest.counts, whole.counts)
    assert (rest.evaluations, rest.rounds, rest.seed) == (whole.evaluations, 9, 4)
    assert len(rest.history) == len(whole.history) == 9
    assert run(sampler, GAME, Rounds(3), seed=4, resume=whole) is whole


def test_results_say_where_they_come_from():
    estimate = run(tmc(0.05, batch=2), GAME, Rounds(3), seed=6)
    assert (estimate.method, estimate.seed, estimate.rounds) == ("tmc", 6, 3)
    assert estimate.parameters == {"truncation": 0.05, "batch": 2, "pairs": False}
    assert estimate.counts.tolist() == [6] * 8
    assert estimate.ends.nobody == GAME(np.zeros((1, 8), bool))[0]
    assert estimate.ends.everybody == GAME(np.ones((1, 8), bool))[0]


def test_only_the_same_run_can_be_resumed():
    estimate = run(tmc(None), GAME, Rounds(1), seed=6)
    for sampler, seed, game, word in (
        (banzhaf(), 6, GAME, "method"),
        (tmc(0.1), 6, GAME, "parameters"),
        (tmc(None), 7, GAME, "seed"),
        (tmc(None), 6, games.voting(5), "number of players"),
    ):
        with pytest.raises(ValueError, match=f"cannot resume: the {word} was"):
            run(sampler, game, Rounds(2), seed=seed, resume=estimate)
    with pytest.raises(ValueError, match="loo is exact: there is nothing to resume"):
        run(tmc(None), GAME, Rounds(2), resume=leave_one_out(GAME))


def test_evaluations_end_a_run_between_rounds():
    estimate = run(tmc(None, batch=2), GAME, Evaluations(30))
    assert (estimate.evaluations, estimate.rounds) == (2 + 2 * 2 * 7, 2)
    assert run(tmc(None), GAME, Evaluations(1)).rounds == 1


def test_the_clock_ends_a_run_and_earlier_runs_count():
    estimate = run(banzhaf(10), GAME, Seconds(5), clock=Ticking())
    assert (estimate.rounds, estimate.seconds) == (5, 5.0)
    longer = run(banzhaf(10), GAME, Seconds(8), clock=Ticking(), resume=estimate)
    assert (longer.rounds, longer.seconds) == (8, 8.0)
    with pytest.raises(ValueError, match="needs a clock"):
        run(banzhaf(10), GAME, Seconds(5))


def test_small_errors_end_a_run():
    estimate = run(tmc(None), GAME, StandardError(0.2))
    before = run(tmc(None), GAME, Rounds(estimate.rounds - 1))
    assert estimate.stderr.max() <= 0.2 < before.stderr.max()
    most = run(tmc(None), GAME, StandardError(0.2, share=0.5))
    assert (most.stderr <= 0.2).sum() >= 4
    assert most.rounds <= estimate.rounds


def test_a_settled_ranking_ends_a_run():
    estimate = run(tmc(None), games.airport(12), RankStability(0.95, rounds=5), seed=3)
    assert estimate.rounds > 5
    now, then = (np.argsort(np.argsort(v)) for v in (estimate.values, estimate.history[-6]))
    assert np.corrcoef(now, then)[0, 1] > 0.9
    with pytest.raises(ValueError, match="rounds must be from 1 to 31 and a whole number, got 40"):
        RankStability(rounds=40)


def test_criteria_combine():
    few, many = Rounds(3), Rounds(7)
    assert run(banzhaf(5), GAME, few | many).rounds == 3
    assert run(banzhaf(5), GAME, few & many).rounds == 7
    assert run(banzhaf(5), GAME, few | many & Evaluations(10**9)).rounds == 3
    settled = RankStability(0.5, rounds=1) & StandardError(1.0) | Evaluations(10_000)
    assert run(tmc(None), GAME, settled).rounds >= 2


def test_a_player_who_was_never_drawn_is_unknown():
    estimate = run(banzhaf(1), GAME, Rounds(1))
    assert np.isnan(estimate.values).all()
    assert np.isnan(estimate.stderr).all()
    with pytest.raises(
        ValueError, match="evaluations must be at least 1 and a whole number, got 0"
    ):
        Evaluations(0)
