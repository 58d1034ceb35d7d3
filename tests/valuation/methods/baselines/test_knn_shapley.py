"""Global KNN-Shapley against enumeration, and against what Shapley values must satisfy."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.valuation.embedding.grid import cosines, unit_grid
from hcdv_stream.valuation.methods.baselines.knn_shapley import knn_shapley, knn_shapley_euclidean
from hcdv_stream.valuation.validation import Validation


def corpus(seed, n, v, classes, d=3):
    generator = np.random.default_rng(seed)
    examples = unit_grid(generator.normal(size=(n + v, d)))
    labels = generator.integers(classes, size=n + v).astype(np.int16)
    return examples[:n], labels[:n], Validation(examples[n:], labels[n:])


def utility(members, corpus, k, weights):
    embeddings, labels, validation = corpus
    total = 0.0
    for label, weight in enumerate(weights):
        judges = np.flatnonzero(validation.labels == label)
        for judge in judges:
            near = cosines(validation.embeddings[judge : judge + 1], embeddings)[0]
            nearest = sorted(members, key=lambda i, near=near: (-near[i], i))[:k]
            total += weight / len(judges) * sum(labels[i] == label for i in nearest) / k
    return total


def enumerated(n, game):
    values = np.zeros(n)
    for i in range(n):
        others = [j for j in range(n) if j != i]
        for size in range(n):
            for rest in combinations(others, size):
                values[i] += (game([*rest, i]) - game(rest)) / (n * comb(n - 1, size))
    return values


@pytest.mark.parametrize(("classes", "k"), [(2, 1), (2, 3), (4, 2), (2, 9)])
def test_equals_the_enumerated_game(classes, k):
    embeddings, labels, validation = corpus(classes * 10 + k, n=7, v=6, classes=classes)
    weights = np.arange(1, classes + 1) / sum(range(1, classes + 1))
    expected = enumerated(
        7, lambda members: utility(members, (embeddings, labels, validation), k, weights)
    )
    got = knn_shapley(embeddings, labels, validation, k, weights)
    np.testing.assert_allclose(got, expected, atol=1e-10)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 60), st.integers(0, 20), st.integers(1, 8))
def test_values_sum_to_the_utility_of_the_whole(seed, n, v, k):
    embeddings, labels, validation = corpus(seed, n, v, classes=3)
    weights = np.full(3, 1 / 3)
    values = knn_shapley(embeddings, labels, validation, k, weights)
    whole = utility(range(n), (embeddings, labels, validation), k, weights)
    assert values.sum() == pytest.approx(whole, abs=1e-9)


def test_memory_blocks_do_not_change_a_bit(monkeypatch):
    embeddings, labels, validation = corpus(3, n=50, v=40, classes=2)
    weights = np.array([0.5, 0.5])
    whole = knn_shapley(embeddings, labels, validation, 5, weights)
    monkeypatch.setattr("hcdv_stream.valuation.methods.baselines.knn_shapley._CELLS", 100)
    assert np.array_equal(knn_shapley(embeddings, labels, validation, 5, weights), whole)


def test_no_examples_and_no_neighbours():
    embeddings, labels, validation = corpus(4, n=0, v=5, classes=2)
    assert knn_shapley(embeddings, labels, validation, 5, np.ones(2)).shape == (0,)
    with pytest.raises(ValueError, match="neighbours must be at least 1, got 0"):
        knn_shapley(embeddings, labels, validation, 0, np.ones(2))


def euclidean(features, labels, judge_features, judges, k, weights):
    return knn_shapley_euclidean(
        features, labels, judge_features, judges, neighbours=k, class_weights=weights
    )


@pytest.mark.parametrize("k", [1, 3, 9])
def test_euclidean_equals_the_enumerated_game(k, monkeypatch):
    generator = np.random.default_rng(k)
    features, judge_features = generator.normal(size=(7, 4)), generator.normal(size=(5, 4))
    labels = generator.integers(3, size=7).astype(np.int16)
    judges = generator.integers(3, size=5).astype(np.int16)
    shares = np.bincount(judges, minlength=3) / 5

    def game(members):
        total = 0.0
        for judge, label in zip(judge_features, judges, strict=True):
            far = ((features - judge) ** 2).sum(axis=1)
            nearest = sorted(members, key=lambda i, far=far: far[i])[:k]
            total += sum(labels[i] == label for i in nearest) / k / 5
        return total

    expected = enumerated(7, game)
    arguments = (features, labels, judge_features, judges, k, shares)
    np.testing.assert_allclose(euclidean(*arguments), expected, atol=1e-10)
    monkeypatch.setattr("hcdv_stream.valuation.methods.baselines.knn_shapley.MOST_PLAYERS", 3)
    np.testing.assert_allclose(euclidean(*arguments), expected, atol=1e-10)


def test_more_examples_than_fit_a_key_are_sorted_otherwise(monkeypatch):
    embeddings, labels, validation = corpus(5, n=60, v=30, classes=2)
    weights = np.array([0.5, 0.5])
    packed = knn_shapley(embeddings, labels, validation, 5, weights)
    monkeypatch.setattr("hcdv_stream.valuation.methods.baselines.knn_shapley.MOST_PLAYERS", 59)
    assert np.array_equal(knn_shapley(embeddings, labels, validation, 5, weights), packed)
