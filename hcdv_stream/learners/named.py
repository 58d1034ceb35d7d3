"""Learners by name, on embeddings with the bundle's V as judges."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import RandomForestClassifier

from hcdv_stream.learners.logistic import Logistic
from hcdv_stream.learners.metrics import Labels
from hcdv_stream.learners.retraining import Retraining
from hcdv_stream.learners.ridge import Ridge
from hcdv_stream.learners.routed_knn import RoutedNeighbours
from hcdv_stream.learners.task import Task
from hcdv_stream.learners.trained import Learner
from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.tree.centroids import Centroids
from hcdv_stream.valuation.validation import Validation


@dataclass(frozen=True, slots=True)
class LearnerInput:
    """n embedded examples, V, and the leaves that ``routed-knn`` routes both to."""

    embeddings: Embeddings
    labels: Labels
    validation: Validation
    classes: int
    leaves: Embeddings
    neighbours: int
    seed: int

    def task(self) -> Task:
        """Return the embeddings as features."""
        return Task(
            self.embeddings.astype(np.float64),
            self.labels,
            self.validation.embeddings.astype(np.float64),
            self.validation.labels,
            self.classes,
        )


def _ridge(given: LearnerInput) -> Learner:
    return Ridge(given.embeddings, given.labels, given.validation, given.classes)


def _routed(given: LearnerInput) -> Learner:
    centroids = Centroids(dict(enumerate(given.leaves)))
    return RoutedNeighbours(
        given.embeddings,
        given.labels,
        given.validation,
        classes=given.classes,
        neighbours=given.neighbours,
        leaves=centroids.nearest(given.embeddings)[0],
        validation_leaves=centroids.nearest(given.validation.embeddings)[0],
    )


def _logistic(given: LearnerInput) -> Learner:
    return Logistic(given.task())


def _forest(given: LearnerInput) -> Learner:
    return Retraining(RandomForestClassifier(50), given.task(), given.seed)


def _wide_deep(given: LearnerInput) -> Learner:
    from hcdv_stream.learners.wide_deep import (  # noqa: PLC0415 (loads torch)
        WideDeepClassifier,
    )

    return Retraining(WideDeepClassifier(), given.task(), given.seed)


LEARNERS: Mapping[str, Callable[[LearnerInput], Learner]] = {
    "ridge": _ridge,
    "routed-knn": _routed,
    "logistic": _logistic,
    "forest": _forest,
    "wide-deep": _wide_deep,
}


def learner_of(name: str, given: LearnerInput) -> Learner:
    """Return the learner of that name. Raises ValueError, naming those there are."""
    if name not in LEARNERS:
        raise ValueError(f"no learner {name!r}; there are {', '.join(LEARNERS)}")
    return LEARNERS[name](given)
