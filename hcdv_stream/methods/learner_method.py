"""Methods that train a learner on coalitions: their game, and their sampling."""

import time
from typing import Any

import numpy as np

from hcdv_stream.learners.metrics import metric_of
from hcdv_stream.learners.named import LearnerInput, learner_of
from hcdv_stream.learners.retraining import Retraining
from hcdv_stream.learners.trained import Learner, TrainedUtility
from hcdv_stream.methods.base import Method
from hcdv_stream.methods.context import CountedUtility, MethodContext
from hcdv_stream.valuation.games.characteristic import Averaged, Characteristic
from hcdv_stream.valuation.methods.contrasted_utility import Contrasted
from hcdv_stream.valuation.methods.ridge_utility import RidgeGame
from hcdv_stream.valuation.methods.sampling.run import Estimate, Sampler, run
from hcdv_stream.valuation.methods.sampling.stopping import Criterion, Evaluations, Rounds
from hcdv_stream.valuation.methods.utility import Utility

EVALUATIONS = 10_000
"""Coalitions after which sampling ends if no criterion is given."""
SAMPLED: Criterion = Evaluations(EVALUATIONS) & Rounds(2)
"""When sampling ends if no criterion is given: standard errors need two rounds."""


class LearnerMethod(Method):
    """A method whose game is a learner, trained on coalitions and scored on V by a metric."""

    learner: Any
    metric: str
    neighbours: int
    n_jobs: int
    until: Criterion | None = None

    def _utility(self, context: MethodContext) -> CountedUtility:
        """Return the learner's game."""
        return context.counted(self._trained(context))

    def _contrasted(self, context: MethodContext, lam: float, averaged: Averaged) -> CountedUtility:
        """Return the same with λΔ added: the paper's v.

        The ridge classifier's balanced accuracy merges sketches instead of spelling coalitions out.
        """
        batch, classes = context.batch, len(context.classes)
        if self.learner == "ridge" and self.metric == "balanced":
            v = Characteristic(context.validation, classes, lam, averaged)
            return context.counted(RidgeGame(v, batch.embeddings, batch.labels))
        trained = self._trained(context)
        return context.counted(
            Contrasted(trained, batch.embeddings, batch.labels, classes, lam, averaged)
        )

    def _sampled(
        self,
        context: MethodContext,
        sampler: Sampler,
        utility: Utility | None = None,
        usual: Criterion = SAMPLED,
    ) -> Estimate:
        """Run a sampler on a game, the learner's unless another is given.

        ``usual`` ends the sampling if there is no ``until``.
        """
        return run(
            sampler,
            self._utility(context) if utility is None else utility,
            usual if self.until is None else self.until,
            seed=context.seed,
            clock=time.monotonic,
        )

    def _trained(self, context: MethodContext) -> TrainedUtility:
        metric = metric_of(self.metric)
        return TrainedUtility(self._learner(context), metric, self.n_jobs)

    def _learner(self, context: MethodContext) -> Learner:
        batch, named = context.batch, isinstance(self.learner, str)
        routed = named and self.learner == "routed-knn"
        leaves = context.centroids() if routed else np.zeros((0, batch.embeddings.shape[1]))
        given = LearnerInput(
            batch.embeddings,
            batch.labels,
            context.validation,
            len(context.classes),
            leaves.astype(np.float32),
            self.neighbours,
            context.seed,
        )
        if named:
            return learner_of(self.learner, given)
        return Retraining(self.learner, given.task(), context.seed)
