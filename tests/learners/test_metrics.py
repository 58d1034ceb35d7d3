"""Metrics against scikit-learn's."""

import numpy as np
import pytest
from sklearn import metrics as reference

from hcdv_stream.learners.metrics import (
    METRICS,
    accuracy,
    auc,
    balanced_accuracy,
    likelihood,
    metric_of,
)


def predictions(classes, seed=0, models=4, judges=60):
    generator = np.random.default_rng(seed)
    scores = generator.random((models, judges, classes)).round(1) + 0.01
    scores /= scores.sum(axis=2, keepdims=True)
    return scores, generator.integers(classes, size=judges).astype(np.int16)


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_agree_with_scikit_learn(classes):
    scores, labels = predictions(classes, seed=classes)
    for model, score in enumerate(scores):
        found = score.argmax(axis=1)
        ranking = score[:, 1] if classes == 2 else score
        expected = {
            "accuracy": reference.accuracy_score(labels, found),
            "balanced": reference.balanced_accuracy_score(labels, found),
            "auc": reference.roc_auc_score(labels, ranking, multi_class="ovr"),
            "log-loss": np.exp(-reference.log_loss(labels, score)),
        }
        for name, metric in METRICS.items():
            assert metric(scores, labels)[model] == pytest.approx(expected[name], abs=1e-12)


def test_a_metric_lies_in_zero_to_one_and_is_best_when_right():
    labels = np.array([0, 1, 2, 1], np.int16)
    right = np.eye(3)[labels][None]
    wrong = np.roll(right, 1, axis=2)
    for metric in METRICS.values():
        assert metric(right, labels)[0] == pytest.approx(1.0)
        assert 0.0 <= metric(wrong, labels)[0] <= 0.26


def test_a_class_that_nobody_judges_does_not_count():
    scores, _ = predictions(3)
    labels = np.array([0, 1] * 30, np.int16)
    right = scores.argmax(axis=2) == labels
    expected = (right[:, ::2].mean(axis=1) + right[:, 1::2].mean(axis=1)) / 2
    np.testing.assert_allclose(balanced_accuracy(scores, labels), expected)
    ones = np.zeros(60, np.int16)
    assert auc(scores, ones).tolist() == [0.5] * 4


def test_no_judges_and_impossible_probabilities():
    none = np.zeros((2, 0, 3)), np.zeros(0, np.int16)
    for metric in (accuracy, balanced_accuracy, likelihood):
        assert metric(*none).tolist() == [0.0, 0.0]
    certain = np.array([[[0.0, 1.0]]])
    assert likelihood(certain, np.zeros(1, np.int16))[0] == pytest.approx(1e-6)
    assert likelihood(np.zeros((1, 1, 2)), np.zeros(1, np.int16))[0] == pytest.approx(1e-6)


def test_names():
    assert metric_of("auc") is auc
    with pytest.raises(ValueError, match="no metric 'f1'; there are accuracy, balanced"):
        metric_of("f1")
