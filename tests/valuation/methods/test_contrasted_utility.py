"""M + λΔ for any M: against the ridge game, which has both from one sketch, and pair by pair."""

import numpy as np
import pytest

from hcdv_stream.learners.metrics import balanced_accuracy
from hcdv_stream.learners.ridge import Ridge
from hcdv_stream.learners.trained import TrainedUtility
from hcdv_stream.valuation.games.characteristic import Characteristic
from hcdv_stream.valuation.methods.blocks import among
from hcdv_stream.valuation.methods.contrasted_utility import Contrasted
from hcdv_stream.valuation.methods.ridge_utility import RidgeGame
from hcdv_stream.valuation.methods.utility import CoalitionGame
from tests.valuation.worlds import batch_of, validation_of

CLASSES = 3
N = 24


@pytest.fixture(scope="module")
def batch():
    return batch_of(N, CLASSES, 4, np.random.default_rng(2))


def coalitions(players, count=40):
    generator = np.random.default_rng(3)
    members = generator.random((count, players)) < generator.random((count, 1))
    members[:2] = [[False] * players, [True] * players]
    return members


@pytest.mark.parametrize("averaged", ["mean", "sum"])
def test_with_the_ridge_learner_it_is_the_ridge_game(batch, averaged):
    validation = validation_of(30, CLASSES, 4)
    learner = Ridge(batch.embeddings, batch.labels, validation, CLASSES)
    metric = TrainedUtility(learner, balanced_accuracy)
    ours = Contrasted(metric, batch.embeddings, batch.labels, CLASSES, 0.3, averaged)
    v = Characteristic(validation, CLASSES, 0.3, averaged)
    reference = RidgeGame(v, batch.embeddings, batch.labels)
    members = coalitions(N)
    np.testing.assert_allclose(ours(members), reference(members), atol=1e-9)
    blocks = [np.arange(0, 5), np.arange(5, 6), np.arange(9, 15)]
    for context in (np.arange(18, N), np.zeros(0, np.int64)):
        inner, expected = among(ours, blocks, context), among(reference, blocks, context)
        rows = coalitions(3)
        np.testing.assert_allclose(inner(rows), expected(rows), atol=1e-9)


def test_the_contrast_is_the_mean_distance_over_cross_pairs(batch):
    nothing = CoalitionGame(N, lambda membership: np.zeros(len(membership)))
    game = Contrasted(nothing, batch.embeddings, batch.labels, CLASSES, 2.0)
    members = coalitions(N, 8)
    for row, worth in zip(members, game(members), strict=True):
        inside = np.flatnonzero(row)
        units, labels = batch.embeddings[inside].astype(float), batch.labels[inside]
        apart = [
            1.0 - units[i] @ units[j]
            for i in range(len(inside))
            for j in range(i)
            if labels[i] != labels[j]
        ]
        assert worth == pytest.approx(2.0 * np.mean(apart) if apart else 0.0, abs=1e-12)
