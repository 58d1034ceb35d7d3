"""How selections are scored."""

import numpy as np
import pytest

from hcdv_stream.demo.downstream import SelectionScorer, TreeInput, compare, detection
from hcdv_stream.demo.observation import quantile
from hcdv_stream.offline.examples import Examples


def examples(labels, **columns):
    count = len(labels)
    ids = [f"e{i}" for i in range(count)]
    return Examples(ids, list(labels), [None] * count, np.zeros(count), columns)


def separable(count, seed, wrong=0.0):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=count)
    truth = x + 0.3 * generator.normal(size=count) > 0
    flipped = generator.random(count) < wrong
    labels = ["yes" if label else "no" for label in truth ^ flipped]
    kind = ["warm" if value > 0.5 else "cold" for value in x]
    return examples(labels, x=x.tolist(), kind=kind), flipped


def test_a_tree_sees_numbers_codes_and_gaps():
    seen = examples("aabb", n=[1, None, 3.5, 4], flag=[True, False, None, True], c=[*"xyx", None])
    trees = TreeInput(seen)
    assert trees.categorical.tolist() == [False, False, True]
    expected = [[1, 1, 0], [np.nan, 0, 1], [3.5, np.nan, 0], [4, 1, np.nan]]
    assert np.array_equal(trees.matrix(seen), expected, equal_nan=True)
    other = examples("a", n=[7], flag=[True], c=["never seen"])
    assert np.array_equal(trees.matrix(other), [[7, 1, np.nan]], equal_nan=True)


def test_a_column_of_many_categories_keeps_the_frequent_ones():
    names = [f"c{i}" for i in range(400)] + ["often"] * 3
    codes = TreeInput(examples("a" * 403, c=names)).matrix(examples("ab", c=["often", "c399"]))
    assert np.isfinite(codes[0, 0])
    assert np.isnan(codes[1, 0])


def test_right_values_select_better_than_chance_and_find_what_is_wrong():
    candidates, flipped = separable(1500, 0, wrong=0.35)
    test, _ = separable(500, 1)
    values = np.where(flipped, -1.0, 1.0) + 0.1 * np.random.default_rng(2).normal(size=1500)
    scorer = SelectionScorer.of(candidates, test, ("no", "yes"))
    done = []
    chosen = np.flatnonzero(values > 0)[::4]
    aucs = compare(scorer, values, chosen, 3, lambda: done.append(1))
    assert len(done) == len(aucs) == 4
    assert aucs["select20"] > aucs["random20"] + 0.05
    assert aucs["top20"] > aucs["random20"] + 0.05
    assert detection(values, candidates.labels, flipped) > 0.99
    assert compare(scorer, values, chosen, 3) == aucs


def test_many_classes_are_judged_one_against_the_rest():
    generator = np.random.default_rng(0)
    codes = generator.integers(0, 3, 600)
    labels = ["abc"[code] for code in codes]
    data = examples(labels, x=(codes + 0.3 * generator.normal(size=600)).tolist())
    assert SelectionScorer.of(data, data, ("a", "b", "c")).auc(np.arange(300)) > 0.95


def test_a_class_that_is_missing_ranks_nothing():
    data = examples("aabb", x=[1.0, 2.0, 3.0, 4.0])
    assert SelectionScorer.of(data, data, ("a", "b")).auc(np.array([0, 1])) == 0.5


def test_nothing_wrong_nothing_found():
    assert detection(np.arange(3.0), ["a", "a", "b"], np.zeros(3, dtype=bool)) is None


@pytest.mark.parametrize(
    ("share", "seconds", "expected"),
    [(0.5, [3, 1, 2], 2), (0.99, list(range(1, 101)), 99), (0.99, [5], 5), (0.5, [], 0)],
)
def test_quantiles_are_seconds_that_were_measured(share, seconds, expected):
    assert quantile([float(s) for s in seconds], share) == expected
