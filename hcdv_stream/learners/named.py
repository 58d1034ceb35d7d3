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
from hcdv_stream.learners.wide_deep import WideDeepClassifier
from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.tree.centroids import Centroids
from hcdv_stream.valuation.validation import Validation


@dataclass(frozen=True, slots=True)
class Setting:
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


def _ridge(setting: Setting) -> Learner:
    return Ridge(setting.embeddings, setting.labels, setting.validation, setting.classes)


def _routed(setting: Setting) -> Learner:
    centroids = Centroids(dict(enumerate(setting.leaves)))
    return RoutedNeighbours(
        setting.embeddings,
        setting.labels,
        setting.validation,
        classes=setting.classes,
        neighbours=setting.neighbours,
        leaves=centroids.nearest(setting.embeddings)[0],
        judge_leaves=centroids.nearest(setting.validation.embeddings)[0],
    )


def _logistic(setting: Setting) -> Learner:
    return Logistic(setting.task())


def _forest(setting: Setting) -> Learner:
    return Retraining(RandomForestClassifier(50), setting.task(), setting.seed)


def _wide_deep(setting: Setting) -> Learner:
    return Retraining(WideDeepClassifier(), setting.task(), setting.seed)


LEARNERS: Mapping[str, Callable[[Setting], Learner]] = {
    "ridge": _ridge,
    "routed-knn": _routed,
    "logistic": _logistic,
    "forest": _forest,
    "wide-deep": _wide_deep,
}


def learner_of(name: str, setting: Setting) -> Learner:
    """Return the learner of that name. Raises ValueError, naming those there are."""
    if name not in LEARNERS:
        raise ValueError(f"no learner {name!r}; there are {', '.join(LEARNERS)}")
    return LEARNERS[name](setting)
