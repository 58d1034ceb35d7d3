"""Algorithm 1 in rounds: the one-shot algorithm, stopped, resumed and given more time."""

import numpy as np
import pytest

from hcdv_stream.valuation.methods.algorithm1 import Algorithm1Sampler, Interpretation, algorithm_1
from hcdv_stream.valuation.methods.levels import Levels
from hcdv_stream.valuation.methods.sampling.run import run
from hcdv_stream.valuation.methods.sampling.stopping import Evaluations, Rounds, StandardError
from tests.theory.games import ends, learning_curve

GAME = learning_curve(7, 4)
LEVELS = Levels(np.array([[0, 0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 2, 2, 3]]))
SAMPLED = Algorithm1Sampler(LEVELS, 8, interpretation=Interpretation(draws="own", leaf="sampled"))


def test_where_games_are_enumerated_it_is_algorithm_1():
    """``test_printed`` holds that against the text, by enumeration."""
    expected = algorithm_1(GAME, LEVELS)
    found = run(Algorithm1Sampler(LEVELS), GAME, Rounds(1), seed=3)
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-14)
    np.testing.assert_allclose(found.stderr, 0.0, atol=1e-9)
    assert found.evaluations == expected.evaluations + expected.leaf_evaluations + 2


def test_one_round_carries_the_algorithms_own_errors():
    """The round's seed is the first that its generator, (3, 0), gives."""
    seed = int(np.random.default_rng((3, 0)).integers(2**63))
    expected = algorithm_1(
        GAME, LEVELS, permutations=8, interpretation=SAMPLED.interpretation, seed=seed
    )
    found = run(SAMPLED, GAME, Rounds(1), seed=3)
    assert expected.stderr.max() > 0.01
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-12)
    np.testing.assert_allclose(found.stderr, expected.stderr, atol=1e-9)
    assert found.counts.tolist() == [8] * 7


def test_rounds_add_up_and_errors_are_on_the_safe_side():
    """The algorithm's own errors leave out that line 9 ties siblings together."""
    found = [run(SAMPLED, GAME, Rounds(6), seed=seed) for seed in range(60)]
    nobody, everybody = ends(GAME)
    values = np.array([each.values for each in found])
    np.testing.assert_allclose(values.sum(axis=1), everybody - nobody, rtol=1e-12)
    told = np.sqrt(np.mean([each.stderr**2 for each in found]))
    assert 0.5 < np.sqrt(values.var(axis=0, ddof=1).mean()) / told < 1.1


def test_resuming_is_the_same_as_never_stopping():
    whole = run(SAMPLED, GAME, Rounds(5), seed=4)
    part = run(SAMPLED, GAME, Evaluations(1), seed=4)
    assert part.rounds == 1
    rest = run(SAMPLED, GAME, Rounds(5), seed=4, resume=part)
    assert np.array_equal(rest.values, whole.values)
    assert np.array_equal(rest.stderr, whole.stderr)
    enough = run(SAMPLED, GAME, StandardError(part.stderr.max() / 2), seed=4, resume=part)
    assert enough.rounds > 2


def test_provenance_names_every_interpretation():
    parameters = run(SAMPLED, GAME, Rounds(1)).parameters
    assert parameters["levels"] == "1/2/4"
    assert (parameters["draws"], parameters["leaf"], parameters["permutations"]) == (
        ("own", "sampled", 8)
    )
    other = Algorithm1Sampler(LEVELS, 8, interpretation=Interpretation(draws="own", leaf="uniform"))
    with pytest.raises(ValueError, match="cannot resume: the parameters"):
        run(other, GAME, Rounds(2), resume=run(SAMPLED, GAME, Rounds(1)))


def test_another_number_of_players_is_refused():
    with pytest.raises(ValueError, match="the game has 6 players, the levels 7"):
        run(SAMPLED, learning_curve(6, 4), Rounds(1))
