"""Dividing pots from the root down: the rescaling, what it falls back on, and its errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hcdv_stream.valuation.games.pots import (
    ROUNDING,
    TOLERANCE,
    Pot,
    coalition_pots,
    divided,
    example_values,
    leaf_values,
    shares,
)
from hcdv_stream.valuation.state import EngineState, Header
from hcdv_stream.valuation.tree.leaf import Leaf, LeafExamples, Node
from hcdv_stream.valuation.tree.sketch import Sketch

CENTROID = np.zeros(2, np.float32)


def leaf(number, psi, variance=None, parent=0):
    n = len(psi)
    labels = np.zeros(n, np.int16)
    embeddings = np.zeros((n, 2), np.float32)
    some = LeafExamples(
        tuple(f"{number}-{i}" for i in range(n)), labels, (None,) * n, np.zeros(n), embeddings
    )
    outcome = {
        "psi": np.array(psi, dtype=np.float64),
        "variance": np.zeros(n) if variance is None else np.array(variance),
    }
    return Leaf(number, parent, CENTROID, some, Sketch.of_examples(embeddings, labels, 2), outcome)


def node(number, children, psi, standalone=None, variance=None, parent=-1, height=1, worth=1.0):
    sketch = sum((child.sketch for child in children[1:]), children[0].sketch)
    outcome = {
        "psi": np.array(psi, dtype=np.float64),
        "variance": np.zeros(len(psi)) if variance is None else np.array(variance),
        "standalone": np.array(psi if standalone is None else standalone, dtype=np.float64),
        "worth": np.array([worth]),
    }
    ids = tuple(child.id for child in children)
    return Node(number, parent, height, ids, sketch, outcome)


def state(root, inner, leaves):
    nodes = {one.id: one for one in [root, *inner]}
    return EngineState(Header(root.id, 100, 100), nodes, {one.id: one for one in leaves})


def test_pots_are_rescaled_at_every_level():
    leaves = [leaf(0, [1.0, 3.0]), leaf(1, [2.0]), leaf(2, [1.0, 1.0, 2.0])]
    inner = [
        node(1, leaves[:2], [0.1, 0.3], parent=0),
        node(2, leaves[2:], [5.0], parent=0),
    ]
    root = node(0, inner, [0.5, 0.3], height=2, worth=0.8)
    pots = coalition_pots(state(root, inner, leaves))
    assert pots.nodes[0] == Pot(0.8, 0.0)
    assert pots.nodes[1].value == pytest.approx(0.5)
    assert pots.leaves[0].value == pytest.approx(0.125)
    assert pots.leaves[1].value == pytest.approx(0.375)
    assert pots.leaves[2].value == pytest.approx(0.3)
    values = example_values(state(root, inner, leaves))
    np.testing.assert_allclose(values[0][0], [0.03125, 0.09375])
    np.testing.assert_allclose(values[2][0], [0.075, 0.075, 0.15])
    assert not any(error.any() for _, error in values.values())


@pytest.mark.parametrize(
    "psi", [[-0.2, 0.1], [0.0, 0.0], [0.1, -0.1], [0.1, -0.1 + 1e-9], [1e-13, 0.0]]
)
def test_a_game_that_sums_to_nothing_falls_back_on_standalone_worths(psi):
    leaves = [leaf(0, [1.0]), leaf(1, [1.0, 1.0])]
    root = node(0, leaves, psi, standalone=[0.3, 0.1], variance=[1.0, 1.0])
    pots = coalition_pots(state(root, [], leaves))
    assert pots.leaves[0] == pytest.approx((0.75, 0.0))
    assert pots.leaves[1] == pytest.approx((0.25, 0.0))


def test_negative_standalone_worths_count_as_nothing():
    leaves = [leaf(0, [1.0]), leaf(1, [1.0])]
    root = node(0, leaves, [-1.0, -1.0], standalone=[-0.3, 0.1])
    pots = coalition_pots(state(root, [], leaves))
    assert [pots.leaves[i].value for i in (0, 1)] == [0.0, 1.0]


def test_without_standalone_worth_the_examples_are_counted():
    leaves = [leaf(0, [1.0]), leaf(1, [1.0, 1.0, 1.0])]
    root = node(0, leaves, [-1.0, 0.5], standalone=[0.0, -0.1])
    pots = coalition_pots(state(root, [], leaves))
    assert [pots.leaves[i].value for i in (0, 1)] == [0.25, 0.75]


def test_without_examples_the_players_are_equal():
    leaves = [leaf(0, []), leaf(1, [])]
    root = node(0, leaves, [0.0, 0.0], worth=0.0)
    pots = coalition_pots(state(root, [], leaves))
    assert [pots.leaves[i].value for i in (0, 1)] == [0.0, 0.0]
    share, _ = shares(np.zeros(2), np.zeros(2), (np.zeros(2), np.zeros(2)))
    np.testing.assert_array_equal(share, [0.5, 0.5])


def test_a_leaf_falls_back_on_equal_shares():
    values, errors = leaf_values(leaf(0, [0.1, -0.2, 0.05], [1.0, 1.0, 1.0]), Pot(0.6, 0.0))
    np.testing.assert_allclose(values, [0.2, 0.2, 0.2])
    assert not errors.any()


def test_what_never_played_is_worth_nothing():
    empty = Leaf(0, 0, CENTROID, LeafExamples.empty(2), Sketch.empty(2, 2))
    root = Node(0, -1, 1, (0,), Sketch.empty(2, 2))
    pots = coalition_pots(state(root, [], [empty]))
    assert pots.leaves[0] == pots.nodes[0] == Pot(0.0, 0.0)
    assert example_values(state(root, [], [empty]))[0][0].shape == (0,)


numbers = st.floats(-1e3, 1e3, allow_nan=False)


@given(st.integers(1, 40).flatmap(lambda n: arrays(np.float64, n, elements=numbers)))
def test_shares_sum_to_one_and_are_bounded(psi):
    share, spread = shares(psi, np.ones(len(psi)), (np.maximum(psi, 0.0),))
    assert share.sum() == pytest.approx(1.0, abs=1e-12)
    assert np.abs(share).sum() <= 1.0 / TOLERANCE + 1e-9
    rescaled = psi.sum() > max(TOLERANCE * np.abs(psi).sum(), ROUNDING)
    assert (spread > 0).all() == rescaled


def test_the_order_of_a_negative_pot_is_turned_around():
    values, _ = leaf_values(leaf(0, [0.3, 0.1]), Pot(-0.4, 0.0))
    np.testing.assert_allclose(values, [-0.3, -0.1])


def test_variances_are_those_of_products_of_independent_estimates():
    generator = np.random.default_rng(0)
    draws = 200_000
    share, spread = np.array([0.7, 0.3]), np.array([0.04, 0.01])
    upper = 0.5 + 0.1 * generator.normal(size=draws)
    middle = share + np.sqrt(spread) * generator.normal(size=(draws, 2))
    lower = 0.4 + 0.2 * generator.normal(size=draws)
    values, variances = divided(Pot(0.5, 0.01), share, spread)
    np.testing.assert_allclose(values, [0.35, 0.15])
    np.testing.assert_allclose(variances, (upper[:, None] * middle).var(axis=0), rtol=0.02)
    below = divided(Pot(float(values[0]), float(variances[0])), np.array([0.4]), np.array([0.04]))
    assert below[1][0] == pytest.approx((upper * middle[:, 0] * lower).var(), rel=0.03)


def test_errors_come_down_the_path():
    leaves = [leaf(0, [1.0, 3.0], [0.16, 0.0]), leaf(1, [2.0])]
    root = node(0, leaves, [0.6, 0.2], variance=[0.04, 0.0], worth=0.8)
    values = example_values(state(root, [], leaves))
    upper = 0.8**2 * 0.04 / 0.8**2
    first = 0.25**2 * upper + 0.6**2 * 0.01 + 0.01 * upper
    np.testing.assert_allclose(values[0][1], np.sqrt([first, 0.75**2 * upper]))
    np.testing.assert_array_equal(values[1][1], [0.0])
