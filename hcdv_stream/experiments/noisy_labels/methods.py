"""The methods of the noisy-labels experiment, each from a task to a value for every player.

What retrains asks a ridge classifier on the unit embedding for its accuracy on V, the model with
the cheapest coalitions; a player that owns several examples joins with all of them. What values
examples (KNN-Shapley, Data-OOB, HCDV) gives a player the sum of its examples' values.
"""

from collections.abc import Callable, Mapping

import numpy as np

from hcdv_stream import estimator
from hcdv_stream.experiments.common.methods import DETECTION, TREES
from hcdv_stream.experiments.noisy_labels.noisy_task import PLAYERS, NoisyTask, Values
from hcdv_stream.experiments.tables.methods import HCDV, PRINTED, RANDOM, printed
from hcdv_stream.learners.data_oob import data_oob
from hcdv_stream.learners.ridge import Ridge
from hcdv_stream.learners.trained import TrainedUtility
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.embedding.grid import unit_grid
from hcdv_stream.valuation.methods.baselines.data_shapley import banzhaf, tmc
from hcdv_stream.valuation.methods.baselines.knn_shapley import knn_shapley_euclidean
from hcdv_stream.valuation.methods.baselines.leave_one_out import leave_one_out
from hcdv_stream.valuation.methods.baselines.random_values import chance
from hcdv_stream.valuation.methods.blocks import among
from hcdv_stream.valuation.methods.sampling.run import Sampler, run
from hcdv_stream.valuation.methods.sampling.stopping import Evaluations
from hcdv_stream.valuation.methods.sampling.uniform_sizes import UniformSizeSampler
from hcdv_stream.valuation.methods.utility import Utility
from hcdv_stream.valuation.validation import Validation

DETECTING = f"{HCDV}, λ for detection"
LOO, DATA_SHAPLEY, KNN, DU = "LOO", "Data Shapley", "KNN-Shapley", "DU-Shapley"
ORDERS, COALITIONS = 16, 200
"""Drawn in a round."""


def methods(coalitions: int) -> Mapping[str, Callable[[NoisyTask], Values]]:
    """Return every method; those that sample ask for at least that many coalitions."""
    until = Evaluations(coalitions)

    def sampled(sampler: Sampler) -> Callable[[NoisyTask], Values]:
        return lambda given: run(sampler, _players(given), until, seed=given.seed).values

    return {
        RANDOM: lambda given: chance(PLAYERS, given.seed).values,
        LOO: lambda given: leave_one_out(_players(given)).values,
        DATA_SHAPLEY: sampled(tmc(batch=ORDERS)),
        KNN: lambda given: _summed(given, _knn(given)),
        DU: _du_shapley,
        "Banzhaf": sampled(banzhaf(COALITIONS)),
        "Data-OOB": lambda given: _summed(given, _out_of_bag(given)),
        PRINTED: lambda given: _summed(given, _fit(given, printed("identity", given.seed)).values_),
        HCDV: lambda given: _summed(given, _fitted(given).values_),
        DETECTING: lambda given: _summed(given, _fitted(given).value(lam=DETECTION.lam)),
    }


def _examples(given: NoisyTask) -> Utility:
    task = given.task
    evaluators = Validation(unit_grid(task.validation_features), task.validation_labels)
    return TrainedUtility(Ridge(unit_grid(task.features), task.labels, evaluators, task.classes))


def _players(given: NoisyTask) -> Utility:
    owned = [np.flatnonzero(given.owners == player) for player in range(PLAYERS)]
    return among(_examples(given), owned)


def _summed(given: NoisyTask, values: Values) -> Values:
    return np.bincount(given.owners, weights=values).astype(np.float64)


def _du_shapley(given: NoisyTask) -> Values:
    """One round: 2·PLAYERS² coalitions whatever the others are allowed."""
    sampler = UniformSizeSampler(given.owners)
    return run(sampler, _examples(given), Evaluations(1), seed=given.seed).values


def _knn(given: NoisyTask) -> Values:
    task = given.task
    return knn_shapley_euclidean(
        task.features,
        task.labels,
        task.validation_features,
        task.validation_labels,
        neighbours=EngineConfig().neighbours,
        class_weights=np.bincount(task.validation_labels, minlength=task.classes)
        / len(task.validation_labels),
    )


def _out_of_bag(given: NoisyTask) -> Values:
    return data_oob(given.task.features, given.task.labels, TREES, given.seed).values


def _fitted(given: NoisyTask) -> estimator.HCDV:
    """The default game, weighed by accuracy as everybody else is."""
    return _fit(given, estimator.HCDV("identity", utility="accuracy", random_state=given.seed))


def _fit(given: NoisyTask, model: estimator.HCDV) -> estimator.HCDV:
    """Fit; of V, whose class no player has can tell nobody's value."""
    task = given.task
    owners = given.owners.tolist() if len(given.owners) > PLAYERS else None
    seen = np.isin(task.validation_labels, task.labels)
    evaluators = task.validation_features[seen], task.validation_labels[seen]
    return model.fit(task.features, task.labels, *evaluators, provider=owners)
