"""Learners as games: jobs, caching, the empty coalition, and each against a plain definition."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from hcdv_stream.learners.logistic import Logistic
from hcdv_stream.learners.metrics import METRICS, accuracy, balanced_accuracy
from hcdv_stream.learners.retraining import Retraining
from hcdv_stream.learners.ridge import Ridge
from hcdv_stream.learners.routed_knn import RoutedNeighbours
from hcdv_stream.learners.task import Task
from hcdv_stream.learners.trained import TrainedUtility
from hcdv_stream.learners.wide_deep import WideDeepClassifier
from hcdv_stream.valuation.embedding.grid import unit_grid
from hcdv_stream.valuation.games.characteristic import Characteristic
from hcdv_stream.valuation.games.grams import gram_of
from hcdv_stream.valuation.methods.baselines.data_shapley import tmc
from hcdv_stream.valuation.methods.baselines.knn_shapley import knn_shapley
from hcdv_stream.valuation.methods.sampling.run import run
from hcdv_stream.valuation.methods.sampling.stopping import Rounds
from hcdv_stream.valuation.methods.semivalues import exact
from hcdv_stream.valuation.methods.utility import Cached
from hcdv_stream.valuation.validation import Validation
from tests.learners.tasks import coalitions, task_of


def embedded(task):
    embeddings = unit_grid(task.features)
    return embeddings, Validation(unit_grid(task.validation_features), task.validation_labels)


def learners(task):
    embeddings, validation = embedded(task)
    homes, seats = np.arange(len(task.labels)) % 2, np.arange(len(task.validation_labels)) % 2
    return {
        "logistic": Logistic(task),
        "tree": Retraining(DecisionTreeClassifier(), task),
        "pipeline": Retraining(make_pipeline(StandardScaler(), LogisticRegression()), task),
        "svm": Retraining(LinearSVC(), task),
        "ridge": Ridge(embeddings, task.labels, validation, task.classes),
        "routed": RoutedNeighbours(
            embeddings, task.labels, validation,
            classes=task.classes, neighbours=3, leaves=homes, validation_leaves=seats,
        ),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["logistic", "tree", "ridge", "routed"])
def test_values_do_not_depend_on_the_number_of_jobs(name):
    learner = learners(task_of())[name]
    members = coalitions(40, 70)
    one = TrainedUtility(learner, METRICS["log-loss"])(members)
    two = TrainedUtility(learner, METRICS["log-loss"], jobs=2)(members)
    assert np.array_equal(one, two)
    alone, together = (
        run(tmc(), Cached(TrainedUtility(learner, jobs=jobs)), Rounds(2), seed=1) for jobs in (1, 2)
    )
    assert np.array_equal(alone.values, together.values)


@pytest.mark.parametrize("name", ["logistic", "tree", "pipeline", "svm", "ridge", "routed"])
def test_every_learner_learns_and_nothing_is_worth_what_it_is_told(name):
    utility = TrainedUtility(learners(task_of(n=90))[name], empty=0.25)
    worth = utility(np.stack([np.zeros(90, bool), np.arange(90) < 3, np.ones(90, bool)]))
    assert worth[0] == 0.25
    assert worth[2] > 0.5
    assert utility.players == 90


def test_an_unpredictive_seed_is_pinned():
    task = task_of(n=60, width=8)
    members = coalitions(60, 10)
    tree = DecisionTreeClassifier(max_features=1, random_state=5)
    first, again, other = (
        TrainedUtility(Retraining(tree, task, seed), accuracy)(members) for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_retraining_is_fitting_on_the_members():
    task = task_of(n=30)
    members = coalitions(30, 10, seed=2)
    got = TrainedUtility(Retraining(KNeighborsClassifier(1), task))(members)
    for worth, chosen in zip(got, members, strict=True):
        model = KNeighborsClassifier(1).fit(task.features[chosen], task.labels[chosen])
        assert worth == pytest.approx(
            model.score(task.validation_features, task.validation_labels), abs=1e-12
        )


def test_ridge_is_the_core_game_on_examples():
    task = task_of(n=20)
    embeddings, validation = embedded(task)
    members = coalitions(20, 30)
    grams = np.stack([gram_of(embeddings[i : i + 1], task.labels[i : i + 1], 3) for i in range(20)])
    expected = Characteristic(validation, 3, lam=0.0).of_coalitions(members, grams)
    got = TrainedUtility(Ridge(embeddings, task.labels, validation, 3), balanced_accuracy)(members)
    np.testing.assert_allclose(got, expected, atol=1e-12)


def test_neighbours_vote_inside_their_leaf():
    task = task_of(n=12, v=9)
    embeddings, validation = embedded(task)
    homes, seats = np.arange(12) % 3, np.arange(9) // 3
    learner = RoutedNeighbours(
        embeddings, task.labels, validation,
        classes=3, neighbours=2, leaves=homes, validation_leaves=seats,
    )  # fmt: skip
    members = coalitions(12, 25)
    scores = learner.scores(members)
    cosines = validation.embeddings.astype(float) @ embeddings.astype(float).T
    for chosen, got in zip(members, scores, strict=True):
        for judge in range(9):
            inside = [i for i in np.flatnonzero(chosen) if homes[i] == seats[judge]]
            nearest = sorted(inside, key=lambda i, judge=judge: (-cosines[judge, i], i))[:2]
            votes = [sum(task.labels[i] == label for i in nearest) / 2 for label in range(3)]
            assert got[judge].tolist() == votes


def test_the_share_of_right_votes_has_the_knn_shapley_values():
    task = task_of(n=9, v=8)
    embeddings, validation = embedded(task)
    learner = RoutedNeighbours(embeddings, task.labels, validation, classes=3, neighbours=3)

    def own_votes(scores, labels):
        return scores[:, np.arange(len(labels)), labels].mean(axis=1)

    shares = np.bincount(task.validation_labels, minlength=3) / 8
    expected = knn_shapley(embeddings, task.labels, validation, 3, shares)
    np.testing.assert_allclose(exact(TrainedUtility(learner, own_votes)), expected, atol=1e-10)


def test_wide_and_deep_learns_what_a_line_cannot():
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(600, 2))
    labels = np.array(["no", "yes"])[(rows[:, 0] * rows[:, 1] > 0).astype(int)]
    model = WideDeepClassifier(epochs=40, learning_rate=5e-3).fit(rows[:400], labels[:400])
    again = WideDeepClassifier(epochs=40, learning_rate=5e-3).fit(rows[:400], labels[:400])
    assert model.score(rows[400:], labels[400:]) > 0.9
    assert LogisticRegression().fit(rows[:400], labels[:400]).score(rows[400:], labels[400:]) < 0.65
    assert np.array_equal(model.predict_proba(rows), again.predict_proba(rows))
    np.testing.assert_allclose(model.predict_proba(rows).sum(axis=1), 1.0)


def test_wide_and_deep_is_retrained_on_coalitions():
    task = task_of(n=60)
    learner = Retraining(WideDeepClassifier(epochs=5, learning_rate=1e-2), task)
    worth = TrainedUtility(learner)(np.stack([np.arange(60) < 1, np.ones(60, bool)]))
    assert worth[1] > worth[0]
    with pytest.raises(ValueError, match="at least 2 classes"):
        WideDeepClassifier().fit(task.features, np.zeros(60))


def test_tasks_that_do_not_fit_together():
    rows, labels = np.zeros((3, 2)), np.zeros(3, np.int16)
    with pytest.raises(ValueError, match="features must have a row for each of 3 labels"):
        Task(rows[:2], labels, rows, labels, 2)
    with pytest.raises(ValueError, match="labels must lie in 0 to 1"):
        Task(rows, labels + 2, rows, labels, 2)
    with pytest.raises(
        ValueError, match="validation_features must be 2 wide as features are, got 1"
    ):
        Task(rows, labels, rows[:, :1], labels, 2)
