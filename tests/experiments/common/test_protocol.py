"""Splits, flips, and the two measures of what values are good for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.experiments.common.measures import DownstreamModel, detection, top
from hcdv_stream.experiments.common.protocol import flip, part


def two_clouds(seed, n):
    generator = np.random.default_rng(seed)
    labels = generator.integers(2, size=n).astype(np.int16)
    features = generator.normal(size=(n, 2)) + 4.0 * labels[:, None]
    return features, labels


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**31), st.integers(20, 400), st.integers(2, 4))
def test_parts_are_disjoint_and_complete(seed, n, classes):
    generator = np.random.default_rng(seed)
    parts = part(generator.integers(classes, size=n), generator)
    together = np.concatenate([parts.test, parts.training, parts.trusted, parts.valued])
    assert sorted(together.tolist()) == list(range(n))


def test_parts_are_stratified_and_sized():
    labels = (np.arange(10_000) % 10 == 0).astype(np.int16)
    parts = part(labels, np.random.default_rng(0))
    sizes = [len(parts.test), len(parts.trusted), len(parts.training), len(parts.valued)]
    assert sizes == [2500, 750, 2250, 4500]
    for rows in (parts.test, parts.trusted, parts.training, parts.valued):
        assert labels[rows].mean() == pytest.approx(0.1)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**31), st.integers(10, 300), st.integers(2, 5))
def test_exactly_the_flipped_labels_differ(seed, n, classes):
    generator = np.random.default_rng(seed)
    clean = generator.integers(classes, size=n).astype(np.int16)
    noisy, flipped = flip(clean, classes, generator, share=0.1)
    assert np.array_equal(noisy != clean, flipped)
    assert flipped.sum() == round(0.1 * n)
    assert ((noisy >= 0) & (noisy < classes)).all()


def test_detection_is_one_zero_or_half():
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 1], dtype=np.int16)
    flipped = np.array([1, 1, 0, 0, 1, 0, 0, 0], dtype=bool)
    assert detection(-flipped.astype(float), labels, flipped) == 1.0
    assert detection(flipped.astype(float), labels, flipped) == 0.0
    assert detection(labels.astype(float), labels, flipped) == 0.5
    with pytest.raises(ValueError, match="no class holds both"):
        detection(np.zeros(8), labels, np.zeros(8, dtype=bool))


def test_top_takes_the_highest_first_come_first():
    assert top(np.array([1.0, 3.0, 2.0, 3.0]), 0.5).tolist() == [1, 3]


def test_the_judge_prefers_clean_labels():
    features, labels = two_clouds(0, 400)
    noisy, flipped = flip(labels, 2, np.random.default_rng(1), share=0.4)
    downstream = DownstreamModel(
        features[:300], noisy[:300], features[300:], labels[300:], np.zeros(2, bool), 10
    )
    clean = np.flatnonzero(~flipped[:300])
    assert downstream.utility(clean) > downstream.utility(np.arange(300))
    assert downstream.utility(np.flatnonzero(noisy[:300] == 0)) == 0.5


def test_the_judge_ranks_three_classes():
    generator = np.random.default_rng(2)
    labels = generator.integers(3, size=300).astype(np.int16)
    features = generator.normal(size=(300, 2)) + 5.0 * labels[:, None]
    downstream = DownstreamModel(
        features[:200], labels[:200], features[200:], labels[200:], np.zeros(2, bool), 10
    )
    assert downstream.utility(np.arange(200)) > 0.95
