"""The task of the rivals experiment and our answers to it.

scikit-learn's digits, 500 to value with a tenth of their labels wrong, 300 clean ones to judge.
Features are standardised, which leaves no ties among distances. The coalitions and orders are those
our samplers draw, so that everybody gets the same.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from hcdv_stream.estimator import HCDV
from hcdv_stream.experiments.common.protocol import flip
from hcdv_stream.learners.logistic import Logistic
from hcdv_stream.learners.retraining import Retraining
from hcdv_stream.learners.task import Task
from hcdv_stream.learners.trained import TrainedUtility
from hcdv_stream.valuation.methods.baselines.data_shapley import banzhaf, tmc
from hcdv_stream.valuation.methods.baselines.knn_shapley import knn_shapley_euclidean
from hcdv_stream.valuation.methods.sampling.run import Sampler, run
from hcdv_stream.valuation.methods.sampling.stopping import Rounds

Values = npt.NDArray[np.float64]
Answer = tuple[Values, int]
"""Values and how many models they took."""

CLASSES = 10
NEIGHBOURS = 5
BATCH = 100
MOST_STEPS = 1000
"""Steps that scikit-learn's solver may take: enough to get to its own tolerance."""


@dataclass(frozen=True, slots=True)
class ContestSize:
    """How much is valued, and how often what is quick is repeated (the fastest counts)."""

    valued: int = 500
    judges: int = 300
    subsets: int = 1000
    orders: int = 5
    repeats: int = 5


SMALL = ContestSize(valued=60, judges=40, subsets=100, orders=1, repeats=1)


@dataclass(frozen=True, slots=True)
class Contest:
    """One seed's task with what is drawn for it; ``wrong`` (n,) is known to nobody."""

    task: Task
    wrong: npt.NDArray[np.bool_]
    subsets: npt.NDArray[np.bool_]
    orders: npt.NDArray[np.int64]
    size: ContestSize
    seed: int

    def arrays(self) -> Mapping[str, Any]:
        """Return what the rivals are told."""
        return {
            "features": self.task.features,
            "labels": self.task.labels,
            "judge_features": self.task.validation_features,
            "judges": self.task.validation_labels,
            "classes": CLASSES,
            "subsets": self.subsets,
            "orders": self.orders,
            "neighbours": NEIGHBOURS,
            "steps": MOST_STEPS,
            "repeats": self.size.repeats,
        }


def contest(seed: int, size: ContestSize) -> Contest:
    """Draw a task; everything random follows from ``seed``."""
    generator = np.random.default_rng(seed)
    features, labels = load_digits(return_X_y=True)
    rows = generator.permutation(len(labels))[: size.valued + size.judges]
    valued, judges = rows[: size.valued], rows[size.valued :]
    noisy, wrong = flip(labels[valued].astype(np.int16), CLASSES, generator)
    scale = StandardScaler().fit(features[valued])
    task = Task(
        scale.transform(features[valued]),
        noisy,
        scale.transform(features[judges]),
        labels[judges].astype(np.int16),
        CLASSES,
    )
    rounds = range(size.subsets // BATCH)
    drawn = [banzhaf(BATCH).draw(size.valued, np.random.default_rng((seed, t))) for t in rounds]
    orders = tmc(batch=size.orders).draw(size.valued, np.random.default_rng((seed, 0)))
    return Contest(task, wrong, np.concatenate(drawn), orders, size, seed)


def answers(given: Contest) -> dict[str, dict[str, Any]]:
    """Return our values and seconds by method, on one thread."""
    size, orders = given.size, given.size.orders
    methods: dict[str, tuple[Callable[[], Answer], int]] = {
        "knn-shapley": (lambda: (_knn(given.task), 0), size.repeats),
        "banzhaf": (lambda: _sampled(given, banzhaf(BATCH), size.subsets // BATCH), 1),
        "tmc": (lambda: _sampled(given, tmc(None, batch=orders), 1), 1),
        "tmc, truncated": (lambda: _sampled(given, tmc(batch=orders), 1), 1),
        "hcdv": (lambda: (hcdv(given.task, given.seed), 0), size.repeats),
        "hcdv, leaves of 64": (
            lambda: (hcdv(given.task, given.seed, leaf_size=64), 0),
            size.repeats,
        ),
    }
    with threadpool_limits(limits=1):
        return {name: _timed(method, repeats) for name, (method, repeats) in methods.items()}


def hcdv(task: Task, seed: int, leaf_size: int | Literal["auto"] = "auto") -> Values:
    """Return what the estimator, with its defaults, makes of the features as they are."""
    fitted = HCDV(encoder="identity", leaf_size=leaf_size, random_state=seed).fit(
        task.features, task.labels, task.validation_features, task.validation_labels
    )
    return fitted.values_


def same_learner(given: Contest, coalitions: int) -> dict[str, float]:
    """Return how far our batched fits are from scikit-learn's on the first coalitions.

    As the largest difference of an accuracy, at the usual tolerance and at 1e-8.
    """
    members = given.subsets[:coalitions]
    gaps = {}
    for tolerance in (1e-4, 1e-8):
        model = LogisticRegression(tol=tolerance, max_iter=10 * MOST_STEPS)
        theirs = TrainedUtility(Retraining(model, given.task))(members)
        ours = TrainedUtility(Logistic(given.task, tolerance=tolerance))(members)
        gaps[f"{tolerance:.0e}"] = float(np.abs(ours - theirs).max())
    return gaps


def jobs_change_nothing(given: Contest) -> bool:
    """Say whether two processes give the values of one, bit for bit."""
    one, two = (_sampled(given, banzhaf(BATCH), 1, jobs=jobs) for jobs in (1, 2))
    return np.array_equal(one[0], two[0])


def _knn(task: Task) -> Values:
    shares = np.bincount(task.validation_labels, minlength=CLASSES) / len(task.validation_labels)
    return knn_shapley_euclidean(
        task.features,
        task.labels,
        task.validation_features,
        task.validation_labels,
        neighbours=NEIGHBOURS,
        class_weights=shares,
    )


def _sampled(given: Contest, sampler: Sampler, rounds: int, jobs: int = 1) -> Answer:
    utility = TrainedUtility(Logistic(given.task), jobs=jobs)
    estimate = run(sampler, utility, Rounds(rounds), seed=given.seed)
    return estimate.values, estimate.evaluations


def _timed(method: Callable[[], Answer], repeats: int) -> dict[str, Any]:
    seconds, processor = [], []
    for _ in range(repeats):
        started, busy = time.perf_counter(), time.process_time()
        values, models = method()
        seconds.append(time.perf_counter() - started)
        processor.append(time.process_time() - busy)
    return {
        "seconds": min(seconds),
        "processor_seconds": min(processor),
        "models": models,
        "values": values,
    }
