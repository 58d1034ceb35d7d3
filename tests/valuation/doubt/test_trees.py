"""Trees as arrays: the fast walk against one node at a time, and against scikit-learn's own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcdv_stream.valuation.doubt.tree_layout import Branches, constant, joined, laid_out
from hcdv_stream.valuation.doubt.trees import VALUE_BITS, TreeEnsemble, units


def grown(generator, width, outputs, leaves):
    """Branches of a random tree, its nodes in any order behind the root."""
    left, right, feature, threshold = [-1], [-1], [0], [0.0]
    for _ in range(leaves - 1):
        parent = int(generator.choice([node for node, child in enumerate(left) if child < 0]))
        children = [len(left), len(left) + 1]
        generator.shuffle(children)
        left[parent], right[parent] = children
        feature[parent], threshold[parent] = int(generator.integers(width)), generator.normal()
        for column, value in ((left, -1), (right, -1), (feature, 0), (threshold, 0.0)):
            column += [value, value]
    values = generator.normal(size=(len(left), outputs))
    return Branches(*(np.array(each) for each in (feature, threshold, left, right)), values)


def walked(tree, row):
    """The outputs of the leaf that one row reaches."""
    node = 0
    while tree.left[node] >= 0:
        goes_left = row[tree.feature[node]] <= tree.threshold[node]
        node = tree.left[node] if goes_left else tree.right[node]
    return units(tree.outputs[node])


@given(
    seed=st.integers(0, 2**32 - 1),
    leaves=st.lists(st.integers(1, 30), min_size=1, max_size=6),
    outputs=st.integers(1, 3),
    grouped=st.booleans(),
)
def test_sums_are_those_of_walking_each_tree(seed, leaves, outputs, grouped):
    generator = np.random.default_rng(seed)
    trees = [grown(generator, 4, outputs, count) for count in leaves]
    groups = len(trees) if grouped else 1
    ensemble = joined([laid_out(tree) for tree in trees], groups)
    ensemble.check(4)
    rows = generator.normal(size=(9, 4)).astype(np.float32)
    expected = np.zeros((len(rows), groups, outputs), np.int64)
    for place, row in enumerate(rows):
        for number, tree in enumerate(trees):
            expected[place, number % groups] += walked(tree, row)
    found = ensemble.sums(rows)
    np.testing.assert_array_equal(found, expected.reshape(len(rows), -1))
    alone = np.concatenate([ensemble.sums(row[None]) for row in rows])
    np.testing.assert_array_equal(alone, found)


def test_a_threshold_between_single_precisions_keeps_its_side():
    threshold = np.nextafter(np.float64(np.float32(0.1)), 1.0)
    just, next_one = np.float32(0.1), np.nextafter(np.float32(0.1), np.float32(1.0))
    below = np.nextafter(np.float64(np.float32(0.1)), 0.0)
    for limit, expected in ((threshold, [0, 1]), (below, [1, 1])):
        tree = laid_out(
            Branches(
                np.zeros(3, int),
                np.array([limit, 0.0, 0.0]),
                np.array([1, -1, -1]),
                np.array([2, -1, -1]),
                np.array([[0.0], [0.0], [1.0]]),
            )
        )
        sums = tree.sums(np.array([[just], [next_one]], np.float32))
        assert (sums.ravel() >> VALUE_BITS).tolist() == expected


def test_a_large_batch_is_walked_in_blocks():
    generator = np.random.default_rng(3)
    ensemble = joined([laid_out(grown(generator, 2, 2, 20)) for _ in range(50)], 1)
    rows = generator.normal(size=(1000, 2)).astype(np.float32)
    parts = [ensemble.sums(rows[start : start + 7]) for start in range(0, 1000, 7)]
    np.testing.assert_array_equal(np.concatenate(parts), ensemble.sums(rows))
    assert ensemble.sums(rows[:0]).shape == (0, 2)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"left": np.array([0, 1, 1], np.int32)}, "no later node"),
        ({"left": np.array([2, 1, 2], np.int32)}, "no later node"),
        ({"feature": np.array([9, 0, 0], np.int32)}, "from 0 to 3"),
        ({"roots": np.array([3], np.int32)}, "a root of its trees"),
        ({"roots": np.zeros(0, np.int32)}, "differ in length"),
        ({"groups": 2}, "differ in length"),
    ],
)
def test_arrays_that_are_no_trees(changes, said):
    infinite = np.array([0.5, np.inf, np.inf], np.float32)
    arrays = {
        "feature": np.zeros(3, np.int32),
        "threshold": infinite,
        "left": np.array([1, 1, 2], np.int32),
        "outputs": np.zeros((3, 1), np.int32),
        "roots": np.zeros(1, np.int32),
        "groups": 1,
    }
    TreeEnsemble(**arrays).check(4)
    with pytest.raises(ValueError, match=said):
        TreeEnsemble(**{**arrays, **changes}).check(4)


def test_a_constant_tree_adds_nothing():
    assert constant(2).sums(np.ones((3, 5), np.float32)).tolist() == [[0, 0]] * 3
