"""Data-OOB against its definition, tree by tree."""

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from hcdv_stream.learners.data_oob import data_oob
from tests.learners.tasks import task_of


def test_finds_wrong_labels():
    task = task_of(n=300)
    wrong = np.arange(300) % 10 == 0
    labels = np.where(wrong, (task.labels + 1) % 3, task.labels).astype(np.int16)
    values = data_oob(task.features, labels, trees=30, seed=0).values
    assert ((values >= 0) & (values <= 1)).all()
    assert values[wrong].mean() < values[~wrong].mean() - 0.3


def test_is_the_share_of_the_trees_that_left_an_example_out():
    task = task_of(n=40)
    generator = np.random.default_rng(7)
    right, out = np.zeros(40), np.zeros(40)
    for _ in range(6):
        drawn, seed = generator.integers(40, size=40), int(generator.integers(2**31))
        tree = DecisionTreeClassifier(random_state=seed).fit(
            task.features[drawn], task.labels[drawn]
        )
        for i in set(range(40)) - set(drawn.tolist()):
            out[i] += 1
            right[i] += tree.predict(task.features[i : i + 1])[0] == task.labels[i]
    estimate = data_oob(task.features, task.labels, trees=6, seed=7)
    seen = out > 0
    np.testing.assert_allclose(estimate.values[seen], (right / np.maximum(out, 1))[seen])
    np.testing.assert_allclose(estimate.values[~seen], right.sum() / out.sum())
    assert estimate.counts.tolist() == out.tolist()
    assert np.isnan(estimate.stderr[~seen]).all()


def test_jobs_change_nothing_and_one_tree_is_enough():
    task = task_of(n=50)
    one, two = (data_oob(task.features, task.labels, 5, seed=1, jobs=jobs) for jobs in (1, 2))
    assert np.array_equal(one.values, two.values)
    assert np.isfinite(data_oob(task.features, task.labels, trees=1, seed=0).values).all()
    with pytest.raises(ValueError, match="trees must be at least 1, got 0"):
        data_oob(task.features, task.labels, trees=0, seed=0)
