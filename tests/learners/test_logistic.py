"""Many fits at once against scikit-learn's, one by one."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from hcdv_stream.learners import logistic_reference
from hcdv_stream.learners.logistic import Logistic
from hcdv_stream.learners.retraining import Retraining
from tests.learners.tasks import coalitions, task_of


def both(task, strength, members):
    ours = Logistic(task, strength, tolerance=1e-9)
    sklearn = LogisticRegression(C=strength, tol=1e-9, max_iter=10_000)
    return ours.scores(members), Retraining(sklearn, task).scores(members)


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("strength", [0.1, 1.0, 10.0])
def test_the_same_probabilities(classes, strength):
    task = task_of(seed=classes, classes=classes)
    ours, theirs = both(task, strength, coalitions(40, 40, seed=classes))
    np.testing.assert_allclose(ours, theirs, atol=2e-6)


def test_features_far_from_zero():
    task = task_of(seed=4)
    moved = task_of(seed=4)
    moved.features[:] += 3.0
    moved.validation_features[:] += 3.0
    members = coalitions(40, 20)
    ours, theirs = both(moved, 1.0, members)
    np.testing.assert_allclose(ours, theirs, atol=2e-5)
    np.testing.assert_allclose(ours, Logistic(task, tolerance=1e-9).scores(members), atol=1e-6)


def test_the_curvature_by_its_diagonal_finds_the_same(monkeypatch):
    monkeypatch.setattr(logistic_reference, "MOST_DENSE", 1)
    ours, theirs = both(task_of(), 1.0, coalitions(40, 30))
    np.testing.assert_allclose(ours, theirs, atol=2e-6)


def test_classes_that_are_lacking_and_one_class_alone():
    task = task_of(classes=4)
    members = np.zeros((3, 40), bool)
    members[0, [0, 4]] = True  # class 0 alone
    members[1, [0, 1, 4, 5]] = True  # classes 0 and 1
    members[2, 2] = True  # one example
    ours, theirs = both(task, 1.0, members)
    assert (ours[0, :, 0] == 1.0).all()
    assert (ours[1, :, 2:] == 0.0).all()
    assert (ours[2, :, 2] == 1.0).all()
    np.testing.assert_allclose(ours, theirs, atol=2e-6)


def test_the_gradient_is_as_small_as_promised():
    task = task_of(n=60)
    members = coalitions(60, 25, seed=3)
    weights = Logistic(task, tolerance=1e-5).weights(members)
    rows = np.concatenate([task.features - task.features.mean(axis=0), np.ones((60, 1))], axis=1)
    for chosen, fitted in zip(members, weights, strict=True):
        present = np.unique(task.labels[chosen])
        logits = rows[chosen] @ fitted[present].T
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        shares -= task.labels[chosen][:, None] == present
        factor = 2.0 if len(present) == 2 else 1.0
        gradient = shares.T @ rows[chosen] / chosen.sum()
        gradient[:, :-1] += factor * fitted[present, :-1] / chosen.sum()
        assert np.abs(gradient).max() <= 1.0001e-5 or len(present) == 1


def test_impossible_parameters():
    for name in ("strength", "tolerance"):
        with pytest.raises(ValueError, match=f"{name} must be above 0, got 0"):
            Logistic(task_of(), **{name: 0})
