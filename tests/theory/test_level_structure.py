"""The Owen–Winter value: sampled against enumeration, and where it meets the Shapley value."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.methods.level_structure import (
    OwenSampler,
    consistent_orders,
    spread_by_context,
)
from hcdv_stream.valuation.methods.levels import Levels, levels_of
from hcdv_stream.valuation.methods.sampling.run import run
from hcdv_stream.valuation.methods.sampling.stopping import Rounds
from hcdv_stream.valuation.methods.utility import CoalitionGame
from hcdv_stream.valuation.weights import Weights
from tests.theory.games import consistent, learning_curve, random_game, shapley, table_game, winter
from tests.valuation.games.test_routed_enumeration import global_game
from tests.valuation.worlds import batch_of, seed_of, validation_of

LEVELS = Levels(np.array([[0, 0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 2, 2, 3]]))
RULES = ["independent", "antithetic", "stratified"]


@pytest.mark.parametrize("rule", RULES)
def test_orders_interrupt_no_coalition_and_are_alike_likely(rule: str) -> None:
    every = list(consistent(LEVELS))
    generator = np.random.default_rng(4)
    drawn = np.concatenate([consistent_orders(LEVELS, 4, rule, generator) for _ in range(1500)])
    counts = dict.fromkeys(every, 0)
    for order in map(tuple, drawn.tolist()):
        counts[order] += 1
    found = np.array(list(counts.values()))
    expected = len(drawn) / len(every)
    assert np.abs(found - expected).max() < 5 * np.sqrt(2 * expected)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", [0, 1])
def test_sampled_values_are_the_enumerated_ones(rule: str, seed: int) -> None:
    game = random_game(7, seed)
    found = run(OwenSampler(LEVELS, rule), game, Rounds(200), seed=seed)
    errors = (found.values - winter(game, LEVELS)) / found.stderr
    assert np.abs(errors).max() < 4.5
    assert (found.stderr > 0).all()


def test_a_structure_of_one_level_or_of_single_examples_is_flat() -> None:
    """Owen's own special cases: one union, or every player a union."""
    game = random_game(6, 2)
    for levels in (Levels(np.zeros((1, 6), np.int64)), Levels(np.arange(6)[None])):
        np.testing.assert_allclose(winter(game, levels), shapley(game), atol=1e-12)
        found = run(OwenSampler(levels), game, Rounds(200))
        assert np.abs((found.values - shapley(game)) / found.stderr).max() < 4.5


def test_small_contexts_dominate_and_both_controls_help() -> None:
    """On a learning curve: the first examples of an order move v most, and most at random."""
    levels = Levels(np.array([[0] * 4 + [1] * 3 + [2] * 3]))
    game = learning_curve(10, 0)
    spread = spread_by_context(game, levels, 200, bins=5)
    assert spread[:2].max() > 20 * spread[-1]
    assert (np.diff(spread[1:]) < 0).all()
    error = {
        (rule, minimum): np.mean(
            run(OwenSampler(levels, rule, minimum), game, Rounds(100)).stderr ** 2
        )
        for rule in RULES
        for minimum in (0.0, 0.3)
    }
    assert error["stratified", 0.0] < error["independent", 0.0]
    assert error["antithetic", 0.0] < error["independent", 0.0]
    for rule in RULES:
        assert error[rule, 0.3] < 0.8 * error[rule, 0.0]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), rule=st.sampled_from(RULES))
def test_the_first_examples_share_what_they_bring(seed: int, rule: str) -> None:
    """With one order and the first 3 of 7 together: they get equal parts."""
    game = random_game(7, seed)
    generator = np.random.default_rng((seed, 0))
    order = consistent_orders(LEVELS, 1, rule, generator)[0]
    found = run(OwenSampler(LEVELS, rule, minimum=0.4, batch=1), game, Rounds(1), seed=seed)
    if rule != "antithetic":
        assert np.ptp(found.values[order[:3]]) < 1e-12
    assert found.ends is not None
    surplus = found.ends.everybody - found.ends.nobody
    assert found.values.sum() == pytest.approx(surplus, abs=1e-12)


def routed_world(lam: float, seed: int):
    config = EngineConfig(
        neighbours=2, leaf_size=4, update_size=8, merge_below=2, branching=(2, 2), tau=None
    )
    classes, dimensions, size = 2, 3, 7
    validation = validation_of(9, classes, dimensions)
    engine = Engine.from_seed(config, classes, validation, seed_of(config, classes, dimensions, 14))
    engine.apply(batch_of(size, classes, dimensions, np.random.default_rng(seed)))
    corpus = Corpus(engine.state(), "routed", ["0", "1"], validation.counts(classes))
    weights = Weights(beta=0.4, lam=lam)
    worth = global_game(corpus, engine, validation, weights, config)
    subsets = np.arange(2**size)
    rows = [tuple(i for i in range(size) if subset >> i & 1) for subset in subsets.tolist()]
    game = table_game(size, np.array([worth(row) for row in rows]))
    return corpus.values(weights).value, game, levels_of(engine.state())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_judged_part_of_the_default_game_is_one_and_the_same_value(seed: int) -> None:
    """A sum of games on disjoint leaves: flat Shapley, Owen (any one level) and Winter agree."""
    values, game, levels = routed_world(0.0, seed)
    assert levels.depth > 1
    np.testing.assert_allclose(values, shapley(game), atol=1e-10)
    np.testing.assert_allclose(values, winter(game, levels), atol=1e-10)
    for level in range(levels.depth):
        one = Levels.nested([levels.coalitions(level + 1)])
        np.testing.assert_allclose(values, winter(game, one), atol=1e-10)


def test_the_contrast_is_valued_flat_and_would_differ_by_levels() -> None:
    """Δ̄ pairs examples across leaves, so its Winter value is another; the default plays it flat."""
    values, game, levels = routed_world(0.5, 1)
    by_levels = winter(game, levels)
    np.testing.assert_allclose(values, shapley(game), atol=1e-10)
    assert np.abs(values - by_levels).max() > 1e-3
    assert values.sum() == pytest.approx(by_levels.sum(), abs=1e-10)


def test_an_engine_tree_reads_as_levels() -> None:
    _, game, levels = routed_world(0.0, 1)
    assert levels.examples == game.players == 7
    assert all(levels.size(level) >= levels.size(level - 1) for level in range(1, levels.depth + 1))
    assert isinstance(game, CoalitionGame)
