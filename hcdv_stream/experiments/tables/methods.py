"""The methods of the paper's comparison on one case, each behind the same call.

All of them value a corpus at hand, at once: HCDV is what the estimator ``HCDV`` makes of the case's
embeddings with its defaults, and as printed with the paper's parameters. What retrains asks a
class-balanced ridge classifier on the same embeddings for its balanced accuracy on V: the model
with the cheapest coalitions, so that sampling gets somewhere.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.cluster import KMeans

from hcdv_stream import estimator
from hcdv_stream.experiments.common.cases import ExperimentCase
from hcdv_stream.experiments.common.methods import Method, Valued, Values, global_knn, out_of_bag
from hcdv_stream.learners.metrics import balanced_accuracy
from hcdv_stream.learners.ridge import Ridge
from hcdv_stream.learners.trained import TrainedUtility
from hcdv_stream.valuation.config import PAPER
from hcdv_stream.valuation.methods.baselines.data_shapley import banzhaf, tmc
from hcdv_stream.valuation.methods.baselines.group_shapley import group_shapley, shared
from hcdv_stream.valuation.methods.baselines.random_values import chance
from hcdv_stream.valuation.methods.sampling.run import Sampler, run
from hcdv_stream.valuation.methods.sampling.stopping import Evaluations, Rounds

HCDV = "HCDV"
PRINTED = "HCDV as printed"
RANDOM = "RANDOM"
RIVALS = ("MCDS", "GS", "Banzhaf", "KNN-Shapley", RANDOM)
"""Whom the default is expected to be ahead of."""
GROUPS = 10


@dataclass(frozen=True, slots=True)
class Budget:
    """Coalitions that MCDS and Banzhaf may ask for; MCDS takes two orders in any case."""

    mcds: int = 5_000
    banzhaf: int = 5_000


def methods(budget: Budget) -> Mapping[str, Method]:
    """Return every method by the paper's name of it."""
    return {
        "MCDS": lambda case: _sampled(case, tmc(batch=1), budget.mcds),
        "GS": _groups,
        "Banzhaf": lambda case: _sampled(case, banzhaf(), budget.banzhaf),
        "KNN-Shapley": lambda case: Valued(global_knn(case)),
        "Data-OOB": lambda case: Valued(out_of_bag(case)),
        HCDV: lambda case: _fitted(case, estimator.HCDV(_as_it_is, random_state=case.seed)),
        PRINTED: lambda case: _fitted(case, printed(_as_it_is, case.seed)),
        RANDOM: lambda case: Valued(chance(len(case.labels), case.seed).values),
    }


def _as_it_is(embeddings: Values) -> Values:
    return embeddings


def printed(encoder: Literal["identity"] | Callable[[Values], Values], seed: int) -> estimator.HCDV:
    """Return Algorithm 1 with the paper's streaming parameters, not fitted yet."""
    return estimator.HCDV(
        encoder,
        game=PAPER.game,
        branching=PAPER.branching,
        leaf_size=PAPER.leaf_size,
        permutations=PAPER.permutations,
        tau=PAPER.tau or "auto",
        random_state=seed,
    )


def _fitted(case: ExperimentCase, hcdv: estimator.HCDV) -> Valued:
    trusted = case.validation
    hcdv.fit(case.embeddings, case.labels, trusted.embeddings, trusted.labels)
    evaluated = hcdv.value(lam=0.0) if hcdv.game == "routed" else None
    return Valued(hcdv.values_, evaluated)


def _game(case: ExperimentCase) -> TrainedUtility:
    classes = len(case.classes)
    learner = Ridge(case.embeddings, case.labels, case.validation, classes)
    return TrainedUtility(learner, balanced_accuracy)


def _sampled(case: ExperimentCase, sampler: Sampler, evaluations: int) -> Valued:
    until = Evaluations(evaluations) & Rounds(2)
    return Valued(run(sampler, _game(case), until, seed=case.seed).values)


def _groups(case: ExperimentCase) -> Valued:
    """GS among k-means clusters, small enough a game to be exact."""
    count = min(GROUPS, len(case.labels))
    groups = KMeans(count, n_init=1, random_state=case.seed).fit_predict(case.embeddings)
    named = np.unique(groups, return_inverse=True)[1].astype(np.int64)
    found = group_shapley(_game(case), named, Rounds(2), seed=case.seed)
    return Valued(shared(found, named).values)
