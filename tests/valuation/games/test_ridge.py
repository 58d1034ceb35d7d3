"""Gram sketches, the ridge models and the characteristic function against slow references."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.valuation.embedding.grid import unit_grid
from hcdv_stream.valuation.games.characteristic import Characteristic
from hcdv_stream.valuation.games.grams import GRAM_BITS, entries, gram_of, unions
from hcdv_stream.valuation.games.ridge import RIDGE, RidgeMetric
from hcdv_stream.valuation.validation import Validation
from tests.valuation.reference import contrast as distance


def sample(seed, n, classes, d=4, spread=1.0):
    generator = np.random.default_rng(seed)
    labels = generator.integers(classes, size=n).astype(np.int16)
    centres = np.random.default_rng(1).normal(size=(classes, d))
    return unit_grid(centres[labels] + spread * generator.normal(size=(n, d))), labels


def players(seed, sizes, classes, d=4):
    """Return disjoint sets of examples and their Gram sketches (K, C, entries)."""
    parts = [sample([seed, place], size, classes, d) for place, size in enumerate(sizes)]
    return parts, np.stack([gram_of(*part, classes) for part in parts])


def joined(parts, members, d=4):
    chosen = [part for part, inside in zip(parts, members, strict=True) if inside]
    if not chosen:
        return np.zeros((0, d), np.float32), np.zeros(0, np.int16)
    return tuple(np.concatenate(column) for column in zip(*chosen, strict=True))


def trained(embeddings, labels, classes):
    """Weighted least squares on the examples themselves, the penalty as extra rows."""
    counts = np.bincount(labels, minlength=classes)
    weight = np.sqrt(1.0 / counts[labels])
    rows = np.hstack([np.ones((len(labels), 1)), embeddings])
    width = rows.shape[1]
    strength = RIDGE * sum(1.0 / count for count in counts if count)
    penalty = np.sqrt(strength) * np.eye(width)[1:]
    left = np.vstack([weight[:, None] * rows, penalty])
    right = np.vstack([weight[:, None] * np.eye(classes)[labels], np.zeros((width - 1, classes))])
    return np.linalg.lstsq(left, right, rcond=None)[0].T


def balanced_accuracy(weights, validation):
    rows = np.hstack([np.ones((len(validation), 1)), validation.embeddings])
    found = (rows @ weights.T).argmax(axis=1) == validation.labels
    return np.mean([found[validation.labels == c].mean() for c in np.unique(validation.labels)])


def mean_distance(embeddings, labels):
    return distance(range(len(labels)), embeddings, labels)


@given(st.integers(0, 1000), st.integers(1, 4), st.randoms())
@settings(max_examples=40, deadline=None)
def test_sketches_merge_exactly_in_any_order(seed, classes, random):
    embeddings, labels = sample(seed, 60, classes)
    order = list(range(60))
    random.shuffle(order)
    cuts = sorted(random.sample(range(1, 60), 3))
    parts = [
        gram_of(embeddings[part], labels[part], classes) for part in np.split(np.array(order), cuts)
    ]
    random.shuffle(parts)
    whole = gram_of(embeddings, labels, classes)
    assert whole.shape == (classes, entries(4))
    np.testing.assert_array_equal(sum(parts), whole)
    everybody = unions(np.ones((1, len(parts)), np.bool_), np.stack(parts))
    np.testing.assert_array_equal(everybody[0], np.ldexp(whole.astype(np.float64), -GRAM_BITS))


def test_a_sketch_holds_counts_sums_and_second_moments():
    embeddings, labels = sample(0, 30, 2)
    gram = np.ldexp(gram_of(embeddings, labels, 2).astype(np.float64), -GRAM_BITS)
    for label in (0, 1):
        own = embeddings[labels == label].astype(np.float64)
        assert gram[label, 0] == len(own)
        np.testing.assert_array_equal(gram[label, 1:5], own.sum(axis=0))
        upper = np.triu_indices(4)
        np.testing.assert_allclose(gram[label, 5:], (own.T @ own)[upper], atol=30 * 2.0**-31)


@pytest.mark.parametrize("classes", [2, 4])
def test_models_are_the_weighted_least_squares_of_the_examples(classes):
    parts, grams = players(classes, (9, 14, 30, 1), classes)
    membership = np.array([[1, 0, 0, 0], [1, 1, 0, 1], [1, 1, 1, 1], [0, 0, 0, 1]], np.bool_)
    metric = RidgeMetric(Validation(*sample(5, 80, classes)), classes)
    weights = metric.weights(unions(membership, grams))
    scores = metric.of(unions(membership, grams))
    for row, members in enumerate(membership):
        expected = trained(*joined(parts, members), classes)
        np.testing.assert_allclose(weights[row], expected, atol=1e-6)
        assert scores[row] == pytest.approx(balanced_accuracy(expected, metric.validation))


def test_ties_go_to_the_lower_class():
    embeddings = unit_grid([[1.0, 0.0], [-1.0, 0.0]])
    gram = gram_of(embeddings, np.array([0, 1], np.int16), 3)[None]
    middle = unit_grid([[0.0, 1.0]])
    for label, expected in ((0, 1.0), (1, 0.0), (2, 0.0)):
        metric = RidgeMetric(Validation(middle, np.array([label], np.int16)), 3)
        assert metric.of(np.ldexp(gram.astype(np.float64), -GRAM_BITS))[0] == expected


def test_one_class_alone_answers_that_class():
    embeddings, _ = sample(3, 20, 2)
    validation = Validation(*sample(4, 90, 3))
    metric = RidgeMetric(validation, 3)
    for label in range(3):
        gram = gram_of(embeddings, np.full(20, label, np.int16), 3)[None]
        score = metric.of(np.ldexp(gram.astype(np.float64), -GRAM_BITS))[0]
        assert score == pytest.approx(1 / 3)


def test_a_rare_class_is_not_drowned():
    embeddings, labels = sample(7, 4000, 2, spread=0.8)
    generator = np.random.default_rng(0)
    kept = (labels == 0) | (generator.random(4000) < 0.05)
    validation = Validation(*sample(8, 1000, 2, spread=0.8))
    gram = gram_of(embeddings[kept], labels[kept], 2)[None]
    score = RidgeMetric(validation, 2).of(np.ldexp(gram.astype(np.float64), -GRAM_BITS))[0]
    assert score > 0.8


@pytest.mark.parametrize("classes", [2, 3])
def test_characteristic_function_is_metric_plus_contrast(classes):
    parts, grams = players(classes, (6, 11, 3), classes)
    validation = Validation(*sample(9, 50, classes))
    membership = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 1], [1, 1, 1]], np.bool_)
    worth = Characteristic(validation, classes, 0.3).of_coalitions(membership, grams)
    assert worth[0] == 0.0
    for row in (1, 2, 3):
        examples = joined(parts, membership[row])
        metric = balanced_accuracy(trained(*examples, classes), validation)
        assert worth[row] == pytest.approx(metric + 0.3 * mean_distance(*examples), abs=1e-9)


def test_without_validation_examples_only_the_contrast_counts():
    (examples,), grams = players(1, (12,), 2)
    empty = Validation(np.zeros((0, 4), np.float32), np.zeros(0, np.int16))
    worth = Characteristic(empty, 2, 1.0).of_coalitions(np.ones((1, 1), np.bool_), grams)
    assert worth[0] == pytest.approx(mean_distance(*examples))


@given(st.integers(0, 1000), st.sampled_from([2, 3]))
@settings(max_examples=20, deadline=None)
def test_scores_do_not_depend_on_what_is_scored_beside_them(seed, classes):
    _, grams = players(seed, (5, 9, 2, 30, 17), classes)
    membership = np.random.default_rng(seed).random((40, 5)) < 0.5
    characteristic = Characteristic(Validation(*sample(2, 70, classes)), classes, 0.1)
    together = characteristic.of_coalitions(membership, grams)
    alone = [characteristic.of_coalitions(row[None], grams)[0] for row in membership]
    np.testing.assert_array_equal(together, alone)
