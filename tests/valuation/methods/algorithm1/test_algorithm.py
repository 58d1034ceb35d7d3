"""Algorithm 1 in batch: each interpretation against the text, line by line, on exact games."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.games.algorithm1 import PrintedGame
from hcdv_stream.valuation.games.characteristic import Characteristic
from hcdv_stream.valuation.games.game import Seat
from hcdv_stream.valuation.games.pots import Pot
from hcdv_stream.valuation.methods.algorithm1 import Interpretation, algorithm_1
from hcdv_stream.valuation.methods.algorithm1.budgets import credits, omega, rescaled
from hcdv_stream.valuation.methods.algorithm1.estimates import LevelEstimate, estimate
from hcdv_stream.valuation.methods.levels import Levels, build_levels, levels_of
from hcdv_stream.valuation.methods.ridge_utility import RidgeGame
from hcdv_stream.valuation.tree.leaf import LeafExamples
from tests.theory.games import learning_curve, random_game, shapley
from tests.valuation.reference import shapley as slow_shapley
from tests.valuation.worlds import batch_of, seed_of, validation_of

LEVELS = Levels(np.array([[0, 0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 2, 2, 3]]))
"""{0,1 | 2,3} and {4,5 | 6}."""


def of(game, members) -> float:
    row = np.zeros((1, game.players), np.bool_)
    row[0, sorted(members)] = True
    return float(game(row)[0])


def exact_psi(game, groups):
    """Shapley values of the game among groups of examples, from ∅, by enumeration."""
    return slow_shapley(
        len(groups), lambda chosen: of(game, {example for one in chosen for example in groups[one]})
    )


def by_hand(game, players, scope, role):
    """Algorithm 1 from line 4 to 29 where every Σψ̂ is positive."""
    examples = range(game.players)
    pots = {tuple(examples): of(game, examples) - of(game, ())}
    for level in range(1, LEVELS.depth + 1):
        members = [tuple(rows.tolist()) for rows in LEVELS.members(level)]
        parent_of = [tuple(LEVELS.members(level - 1)[p].tolist()) for p in LEVELS.parents(level)]
        families = {}
        for group, parent in zip(members, parent_of, strict=True):
            families.setdefault(parent, []).append(group)
        budget, psi = {}, {}
        for parent, children in families.items():
            worth = [max(of(game, child), 0.0) for child in children]
            for child, one in zip(children, worth, strict=True):
                budget[child] = pots[parent] * one / sum(worth)
        for group in [members] if players == "level" else families.values():
            psi |= dict(zip(group, exact_psi(game, group), strict=True))
        credit = {}
        for group in [members] if scope == "level" else families.values():
            pot = sum(budget[one] for one in group)
            weight = {one: psi[one] * (budget[one] if role == "product" else 1.0) for one in group}
            for one in group:
                scaled = pot * weight[one] / sum(weight.values())
                credit[one] = {
                    "fallback": scaled,
                    "product": scaled,
                    "blend": (scaled + budget[one]) / 2,
                    "budget": budget[one],
                }[role]
        pots = credit
    values = np.empty(game.players)
    for leaf, pot in pots.items():
        psi = exact_psi(game, [(example,) for example in leaf])
        values[list(leaf)] = pot * psi / psi.sum()
    return values


@pytest.mark.parametrize("players", ["siblings", "level"])
@pytest.mark.parametrize("scope", ["parent", "level"])
@pytest.mark.parametrize("role", ["fallback", "blend", "product", "budget"])
def test_interpretations_equal_the_text(players, scope, role):
    game = learning_curve(7, 4)
    found = algorithm_1(game, LEVELS, interpretation=Interpretation(players, scope, role))
    np.testing.assert_allclose(found.values, by_hand(game, players, scope, role), atol=1e-10)
    assert not found.stderr.any()


def test_interpretations_differ():
    game = learning_curve(7, 4)
    values = [
        by_hand(game, players, scope, role)
        for players in ("siblings", "level")
        for scope in ("parent", "level")
        for role in ("fallback", "blend", "product", "budget")
    ]
    for place, one in enumerate(values):
        for other in values[:place]:
            same = np.abs(one - other).max() < 1e-6
            budgets_only = np.allclose(one, by_hand(game, "level", "level", "budget"))
            assert not same or budgets_only


def test_the_literal_level_game_forgets_the_levels_above():
    """Players and sum both over C_ℓ: only the last level and the leaves decide."""
    interpretation = Interpretation(players="level", scope="level")
    game = learning_curve(7, 4)
    deep = algorithm_1(game, LEVELS, interpretation=interpretation)
    flat = algorithm_1(game, Levels(LEVELS.assignment[1:]), interpretation=interpretation)
    np.testing.assert_allclose(deep.values, flat.values, atol=1e-12)


POT = Pot(2.0, 0.0)
BAD = np.array([0.5, -0.9, 0.1])
WEIGHTS = np.array([0.5, 0.2, 0.3])


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("omega", 2.0 * WEIGHTS),
        ("shift", BAD + 2.3 / 3),
        ("clip", 2.0 * np.array([5 / 6, 0.0, 1 / 6])),
        ("as-printed", 2.0 * BAD / -0.3),
    ],
)
def test_what_rescaling_does_with_a_sum_below_zero(rule, expected):
    values, variances = rescaled(POT, BAD, np.full(3, 0.01), WEIGHTS, rule)
    np.testing.assert_allclose(values, expected, atol=1e-12)
    assert values.sum() == pytest.approx(2.0)
    assert (variances >= 0).all()


@pytest.mark.parametrize("rule", ["omega", "shift", "clip", "as-printed"])
def test_a_sum_that_can_be_scaled_is_scaled_by_every_rule(rule):
    psi = np.array([0.5, -0.1, 0.1])
    values, variances = rescaled(POT, psi, np.full(3, 0.01), WEIGHTS, rule)
    np.testing.assert_allclose(values, 4.0 * psi, atol=1e-12)
    np.testing.assert_allclose(variances, 16.0 * 0.01, atol=1e-12)


@pytest.mark.parametrize("rule", ["omega", "shift", "clip", "as-printed"])
def test_nothing_at_all_is_divided_too(rule):
    values, _ = rescaled(POT, np.zeros(3), np.zeros(3), WEIGHTS, rule)
    assert values.sum() == pytest.approx(2.0)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=6))
def test_omega_is_a_distribution(standalone):
    parts = omega(np.array(standalone), np.arange(1.0, len(standalone) + 1))
    assert (parts >= 0).all()
    assert parts.sum() == pytest.approx(1.0)
    assert (parts[np.array(standalone) < 0] == 0).all() or max(standalone) <= 0


def test_a_blend_is_half_and_half():
    played = LevelEstimate(np.array([3.0, 1.0]), np.array([0.1, 0.1]), np.zeros(2), 0)
    values, _ = credits(Pot(4.0, 0.0), np.array([0.5, 0.5]), played, "blend", "omega")
    np.testing.assert_allclose(values, [2.5, 1.5])


@pytest.mark.parametrize("draws", ["shared", "own", "antithetic"])
@pytest.mark.parametrize("players", [1, 2, 3])
def test_few_players(draws, players):
    game = random_game(players, 3)
    nobody = of(game, ())
    found = estimate(game, nobody, 2000, draws, (1,))
    np.testing.assert_allclose(found.psi, shapley(game), atol=0.05)
    np.testing.assert_allclose(found.standalone, [of(game, (j,)) for j in range(players)])


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), draws=st.sampled_from(["shared", "own", "antithetic"]))
def test_the_same_seed_gives_the_same_bits(seed, draws):
    game = random_game(7, seed)
    interpretation = Interpretation(draws=draws, leaf="sampled")
    one, two = (
        algorithm_1(game, LEVELS, permutations=4, interpretation=interpretation, seed=seed)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.values, two.values)


def test_errors_are_what_values_vary_by():
    game = learning_curve(7, 1)
    levels = Levels(np.array([[0, 1, 2, 3, 4, 5, 6]]))
    runs = [
        algorithm_1(
            game, levels, permutations=16, interpretation=Interpretation(draws="own"), seed=seed
        )
        for seed in range(300)
    ]
    spread = np.stack([run.values for run in runs]).std(axis=0)
    claimed = np.sqrt(np.mean([run.stderr**2 for run in runs], axis=0))
    np.testing.assert_allclose(claimed, spread, rtol=0.35)


def test_closed_form_leaves_are_taken_as_they_are():
    game = learning_curve(7, 2)
    plain = algorithm_1(game, LEVELS)
    closed = algorithm_1(
        game, LEVELS, leaf_values=lambda rows: exact_psi(game, [(row,) for row in rows])
    )
    np.testing.assert_allclose(plain.values, closed.values, atol=1e-12)
    assert closed.leaf_evaluations == 0


def test_a_leaf_too_large_to_enumerate_says_what_to_do():
    levels = Levels(np.zeros((1, 13), np.int64))
    game = learning_curve(13, 0)
    with pytest.raises(ValueError, match="give leaf_values, or read leaf as 'sampled'"):
        algorithm_1(game, levels)
    sampled = algorithm_1(
        game, levels, permutations=64, interpretation=Interpretation(leaf="sampled")
    )
    assert sampled.values.sum() == pytest.approx(sampled.surplus)
    assert (sampled.stderr > 0).all()


def test_the_game_and_the_levels_must_fit():
    with pytest.raises(ValueError, match="the game has 6 players, the levels 7"):
        algorithm_1(random_game(6, 0), LEVELS)


def test_on_data():
    """Three levels of real clusters under the ridge game: efficient, cheap, and of some use."""
    batch = batch_of(150, 2, 4, np.random.default_rng(3))
    labels = batch.labels.copy()
    labels[:15] = 1 - labels[:15]
    validation = validation_of(80, 2, 4)
    game = RidgeGame(Characteristic(validation, 2, 0.1), batch.embeddings, labels)
    levels = build_levels(batch.embeddings, (4, 2, 2))
    found = algorithm_1(
        game, levels, permutations=16, leaf_size=20, interpretation=Interpretation(leaf="sampled")
    )
    assert found.values.sum() == pytest.approx(found.surplus, abs=1e-10)
    assert found.surplus == pytest.approx(of(game, range(150)), abs=1e-10)
    assert len(np.unique(found.values)) > 75


def test_the_streaming_game_is_the_default_reading():
    """What an engine played as ``algorithm1``, and the batch reference on the same tree."""
    config = EngineConfig(
        game="algorithm1", leaf_size=6, update_size=20, merge_below=2, branching=(4, 4), tau=0.8
    )
    validation = validation_of(30, 2, 4)
    engine = Engine.from_seed(config, 2, validation, seed_of(config, 2, 4))
    engine.apply(batch_of(120, 2, 4, np.random.default_rng(1)))
    corpus = Corpus(engine.state(), "algorithm1", ["0", "1"], validation.counts(2))
    v = Characteristic(validation, 2, config.contrast)
    leaf_game = PrintedGame(config, 2, validation)

    def leaf_values(rows):
        nothing = np.zeros(len(rows))
        examples = LeafExamples(
            tuple(corpus.ids[row] for row in rows),
            corpus.labels[rows],
            (None,) * len(rows),
            nothing,
            corpus.embeddings[rows],
        )
        return leaf_game.play_leaves([Seat(examples, np.zeros(0, np.int64))])[0][0]["psi"]

    levels = levels_of(engine.state())
    assert levels.depth >= 3
    batch = algorithm_1(
        RidgeGame(v, corpus.embeddings, corpus.labels),
        levels,
        leaf_size=config.leaf_size,
        leaf_values=leaf_values,
    )
    np.testing.assert_allclose(batch.values, corpus.values().value, atol=1e-9)
