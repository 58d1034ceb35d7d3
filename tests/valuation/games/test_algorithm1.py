"""The printed game against recursions over examples, subsets and permutations, slow and plain."""

from collections import namedtuple
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.valuation.config import PAPER
from hcdv_stream.valuation.embedding.grid import unit_grid
from hcdv_stream.valuation.games.algorithm1 import PrintedGame
from hcdv_stream.valuation.games.contrast import contrast
from hcdv_stream.valuation.games.game import Seat
from hcdv_stream.valuation.games.pots import coalition_pots, example_values
from hcdv_stream.valuation.games.ridge import RIDGE
from hcdv_stream.valuation.state import EngineState, Header
from hcdv_stream.valuation.tree.leaf import Leaf, LeafExamples, Node
from hcdv_stream.valuation.tree.sketch import Sketch
from hcdv_stream.valuation.validation import Validation
from tests.valuation.reference import contrast as distance
from tests.valuation.reference import knn_utility, shapley

D = 3
CONFIG = replace(PAPER, neighbours=2, contrast=0.3)
World = namedtuple("World", "game validation classes")


def world(classes=2, v=40, config=CONFIG):
    embeddings, labels = sample(1000, v, classes)
    validation = Validation(embeddings, labels)
    return World(PrintedGame(config, classes, validation), validation, classes)


def sample(seed, n, classes):
    generator = np.random.default_rng(seed)
    labels = generator.integers(classes, size=n).astype(np.int16)
    centres = np.random.default_rng(1).normal(size=(classes, D))
    return unit_grid(centres[labels] + generator.normal(size=(n, D))), labels


def examples(seed, n, classes=2):
    embeddings, labels = sample(seed, n, classes)
    ids = tuple(f"{seed}-{place:04}" for place in range(n))
    return LeafExamples(ids, labels, (None,) * n, np.zeros(n), embeddings)


def seat(some):
    return Seat(some, np.zeros(0, np.int64))


def leaves_of(game, sizes, classes=2, parent=0):
    seats = [seat(examples(place, size, classes)) for place, size in enumerate(sizes)]
    return [
        Leaf(place, parent, np.zeros(D, np.float32), some.examples, sketch, outcome)
        for place, (some, (outcome, sketch)) in enumerate(
            zip(seats, game.play_leaves(seats), strict=True)
        )
    ]


def node_of(game, children, number=0, parent=-1, height=1):
    sketch = children[0].sketch
    for child in children[1:]:
        sketch = sketch + child.sketch
    node = Node(number, parent, height, tuple(child.id for child in children), sketch)
    return replace(node, outcome=game.play_node(node, children))


def characteristic(embeddings, labels, validation, classes, lam):
    """v(S) from the examples: weighted least squares, predictions one by one, all pairs."""
    if len(labels) == 0:
        return 0.0
    counts = np.bincount(labels, minlength=classes)
    weight = np.sqrt(1.0 / counts[labels])[:, None]
    rows = np.hstack([np.ones((len(labels), 1)), embeddings])
    penalty = np.sqrt(RIDGE * sum(1.0 / count for count in counts if count)) * np.eye(D + 1)[1:]
    left = np.vstack([weight * rows, penalty])
    right = np.vstack([weight * np.eye(classes)[labels], np.zeros((D, classes))])
    model = np.linalg.lstsq(left, right, rcond=None)[0]
    evaluators = np.hstack([np.ones((len(validation), 1)), validation.embeddings])
    found = (evaluators @ model).argmax(axis=1) == validation.labels
    recall = [found[validation.labels == label].mean() for label in np.unique(validation.labels)]
    return np.mean(recall) + lam * distance(range(len(labels)), embeddings, labels)


def neighbour_utility(members, some, validation, k, lam):
    """Play the leaf's level game: the k-NN utility on all of V, by class, and the contrast."""
    columns = some.embeddings, some.labels
    recall = [
        np.mean(
            [
                knn_utility(members, *columns, evaluator, label, k)
                for evaluator in validation.embeddings[validation.labels == label]
            ]
        )
        for label in np.unique(validation.labels)
    ]
    return np.mean(recall) + lam * distance(members, *columns)


def by_permutations(n, game):
    values = np.zeros(n)
    orders = list(permutations(range(n)))
    for order in orders:
        for place, player in enumerate(order):
            gain = game(order[: place + 1]) - game(order[:place])
            values[player] += gain / len(orders)
    return values


@pytest.mark.parametrize("classes", [2, 4])
def test_leaf_game_equals_subset_enumeration(classes):
    game, validation, _ = world(classes, v=15)
    some = examples(5, 6, classes)
    ((outcome, _),) = game.play_leaves([seat(some)])
    expected = shapley(6, lambda members: neighbour_utility(members, some, validation, 2, 0.3))
    np.testing.assert_allclose(outcome["psi"], expected, atol=1e-10)


@pytest.mark.parametrize("classes", [2, 3])
def test_node_game_equals_permutation_enumeration_on_examples(classes):
    game, validation, _ = world(classes)
    leaves = leaves_of(game, (7, 3, 1, 5), classes)
    node = node_of(game, leaves)

    def worth(members):
        chosen = [leaves[member].examples for member in members]
        embeddings = np.concatenate([p.embeddings for p in chosen]) if chosen else np.zeros((0, D))
        labels = np.concatenate([p.labels for p in chosen]) if chosen else np.zeros(0, np.int16)
        return characteristic(embeddings, labels, validation, classes, 0.3)

    np.testing.assert_allclose(node.outcome["psi"], by_permutations(4, worth), atol=1e-9)
    np.testing.assert_allclose(
        node.outcome["standalone"], [worth([child]) for child in range(4)], atol=1e-9
    )
    assert node.outcome["worth"][0] == pytest.approx(worth(range(4)), abs=1e-9)


@pytest.mark.parametrize("count", [1, 10, 11, 24])
def test_node_values_telescope_to_the_worth_of_the_node(count):
    game = world().game
    node = node_of(game, leaves_of(game, range(3, 3 + count)))
    assert abs(node.outcome["psi"].sum() - node.outcome["worth"][0]) <= 1e-12
    assert (node.outcome["variance"] > 0).all() == (count > 10)


def test_leaf_values_sum_to_the_utility_of_the_leaf():
    game, validation, _ = world()
    some = examples(3, 20)
    ((outcome, sketch),) = game.play_leaves([seat(some)])
    expected = neighbour_utility(range(20), some, validation, 2, 0.3)
    assert outcome["psi"].sum() == pytest.approx(expected, abs=1e-10)
    assert contrast(sketch.counts, sketch.embeddings) == pytest.approx(
        distance(range(20), some.embeddings, some.labels)
    )


def test_leaf_variance_is_that_of_a_mean_over_each_class_of_validation():
    game, validation, _ = world(config=replace(CONFIG, contrast=0.0))
    some = examples(3, 9)
    ((outcome, _),) = game.play_leaves([seat(some)])
    expected = np.zeros(9)
    for label in (0, 1):
        evaluators = np.flatnonzero(validation.labels == label)
        terms = [
            PrintedGame(
                replace(CONFIG, contrast=0.0),
                2,
                Validation(validation.embeddings[[evaluator]], validation.labels[[evaluator]]),
            ).play_leaves([seat(some)])[0][0]["psi"]
            for evaluator in evaluators
        ]
        expected += 0.25 * np.var(terms, axis=0, ddof=1) / len(evaluators)
    np.testing.assert_allclose(outcome["variance"], expected, rtol=1e-3, atol=1e-9)


def test_a_leaf_above_its_size_is_split_uniformly():
    game = world(config=replace(CONFIG, leaf_size=8, merge_below=2)).game
    (within, _), (above, _) = game.play_leaves([seat(examples(1, 8)), seat(examples(2, 9))])
    assert len(np.unique(within["psi"])) > 1
    np.testing.assert_array_equal(above["psi"], np.full(9, 1 / 9))
    assert not above["variance"].any()


@pytest.mark.parametrize("count", [4, 14])
def test_a_child_without_examples_is_a_dummy(count):
    game = world().game
    leaves = leaves_of(game, [0, *range(2, 1 + count)])
    node = node_of(game, leaves)
    assert leaves[0].outcome["psi"].shape == (0,)
    assert node.outcome["psi"][0] == 0.0
    assert node.outcome["standalone"][0] == 0.0
    unplayed = replace(leaves[0], outcome={})
    again = node_of(game, [unplayed, *leaves[1:]])
    assert_same(node.outcome, again.outcome)


def test_no_examples_at_all_are_worth_nothing():
    game = world().game
    node = node_of(game, leaves_of(game, [0, 0, 0]))
    assert node.outcome["worth"][0] == 0.0
    assert not node.outcome["psi"].any()


def assert_same(left, right):
    assert left.keys() == right.keys()
    for name in left:
        np.testing.assert_array_equal(left[name], right[name])


@given(st.lists(st.integers(0, 30), min_size=2, max_size=14), st.randoms())
@settings(max_examples=15, deadline=None)
def test_games_are_pure_and_do_not_see_what_is_played_beside_them(sizes, random):
    game = world().game
    leaves = leaves_of(game, sizes)
    other = world().game
    order = list(range(len(sizes)))
    random.shuffle(order)
    again = other.play_leaves([seat(leaves[place].examples) for place in order])
    for place, (outcome, sketch) in zip(order, again, strict=True):
        assert_same(leaves[place].outcome, outcome)
        assert leaves[place].sketch == sketch
    assert_same(node_of(game, leaves, 4).outcome, node_of(other, leaves, 4).outcome)


def test_the_order_of_validation_examples_changes_no_bit():
    game, validation, _ = world(3)
    order = np.random.default_rng(0).permutation(len(validation))
    shuffled = PrintedGame(
        CONFIG, 3, Validation(validation.embeddings[order], validation.labels[order])
    )
    leaves = leaves_of(game, range(1, 13), 3)
    for leaf, (outcome, _) in zip(
        leaves, shuffled.play_leaves([seat(leaf.examples) for leaf in leaves]), strict=True
    ):
        assert_same(leaf.outcome, outcome)
    assert_same(node_of(game, leaves).outcome, node_of(shuffled, leaves).outcome)


def test_sketches_of_nodes_are_those_of_their_examples():
    game = world().game
    leaves = leaves_of(game, (4, 9, 2))
    node = node_of(game, leaves)
    everything = LeafExamples(
        tuple(name for leaf in leaves for name in leaf.examples.ids),
        np.concatenate([leaf.examples.labels for leaf in leaves]),
        (None,) * 15,
        np.zeros(15),
        np.concatenate([leaf.examples.embeddings for leaf in leaves]),
    )
    ((outcome, sketch),) = game.play_leaves([seat(everything)])
    np.testing.assert_array_equal(node.outcome["gram"], outcome["gram"])
    assert node.sketch == sketch


def tree(game, shape, classes=2):
    """Build a root over inner nodes over leaves; ``shape`` lists the leaf sizes of each node."""
    leaves = leaves_of(game, [size for sizes in shape for size in sizes], classes)
    nodes, start = [], 0
    for number, sizes in enumerate(shape, start=1):
        own = leaves[start : start + len(sizes)]
        start += len(sizes)
        nodes.append(node_of(game, own, number, parent=0))
    root = node_of(game, nodes, 0, height=2)
    parents = {leaf: node.id for node in nodes for leaf in node.children}
    return EngineState(
        Header(0, len(leaves), len(nodes) + 1),
        {node.id: node for node in [root, *nodes]},
        {leaf.id: replace(leaf, parent=parents[leaf.id]) for leaf in leaves},
    )


def test_values_equal_algorithm_1_on_examples():
    """The whole method once more, top-down, on the examples and over all permutations."""
    game, validation, _ = world()
    shape = ((4, 3), (5, 2, 3))
    state = tree(game, shape)
    values = example_values(state)

    def columns(chosen):
        if not chosen:
            return np.zeros((0, D), np.float32), np.zeros(0, np.int16)
        some = [state.leaves[leaf].examples for leaf in chosen]
        return np.concatenate([p.embeddings for p in some]), np.concatenate(
            [p.labels for p in some]
        )

    def worth(chosen):
        return characteristic(*columns(chosen), validation, 2, 0.3)

    def divide(pot, groups):
        psi = by_permutations(
            len(groups), lambda members: worth([leaf for m in members for leaf in groups[m]])
        )
        return pot * psi / psi.sum()

    groups = [[0, 1], [2, 3, 4]]
    total = worth([0, 1, 2, 3, 4])
    for group, pot in zip(groups, divide(total, groups), strict=True):
        for leaf, own in zip(group, divide(pot, [[leaf] for leaf in group]), strict=True):
            some = state.leaves[leaf].examples
            psi = shapley(
                len(some),
                lambda members, some=some: neighbour_utility(members, some, validation, 2, 0.3),
            )
            np.testing.assert_allclose(values[leaf][0], own * psi / psi.sum(), atol=1e-8)


@given(
    st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4), min_size=1, max_size=4),
    st.sampled_from([2, 3]),
)
@settings(max_examples=25, deadline=None)
def test_values_sum_to_the_worth_of_the_corpus(shape, classes):
    state = tree(world(classes).game, shape, classes)
    total = state.nodes[0].outcome["worth"][0]
    found = sum(values.sum() for values, _ in example_values(state).values())
    assert abs(found - total) <= 1e-9
    assert coalition_pots(state).nodes[0].value == total


def test_values_of_a_sampled_tree_sum_too_and_have_errors():
    state = tree(world().game, [(6,) * 12, (5,) * 11, (9, 9)])
    values = example_values(state)
    total = state.nodes[0].outcome["worth"][0]
    assert abs(sum(value.sum() for value, _ in values.values()) - total) <= 1e-9
    pots = coalition_pots(state)
    sampled = {leaf for node in (1, 2) for leaf in state.nodes[node].children}
    assert {leaf for leaf, pot in pots.leaves.items() if pot.variance > 0} == sampled
    assert all((error > 0).all() for _, error in values.values())


def test_an_empty_sketch_and_a_played_empty_leaf_agree():
    ((_, sketch),) = world().game.play_leaves([seat(LeafExamples.empty(D))])
    assert sketch == Sketch.empty(2, D)
