"""Values a file by any method, not the incremental game alone."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.examples import Examples
from hcdv_stream.file_valuation import FileValuation
from hcdv_stream.judged_examples import Judged, ValuationError, judge_examples
from hcdv_stream.learners.data_oob import data_oob
from hcdv_stream.learners.metrics import metric_of
from hcdv_stream.learners.named import Setting, learner_of
from hcdv_stream.learners.trained import TrainedUtility
from hcdv_stream.settings import Settings
from hcdv_stream.valuation.baselines.chance import chance
from hcdv_stream.valuation.baselines.data_shapley import banzhaf, beta_shapley, tmc
from hcdv_stream.valuation.baselines.group_shapley import group_shapley, shared
from hcdv_stream.valuation.baselines.knn_shapley import knn_shapley
from hcdv_stream.valuation.baselines.leave_one_out import leave_one_out
from hcdv_stream.valuation.centroids import Centroids
from hcdv_stream.valuation.sampling.run import Estimate, Sampler, run
from hcdv_stream.valuation.sampling.stopping import Criterion, Evaluations, Rounds, Seconds
from hcdv_stream.valuation.sampling.uniform_sizes import UniformSizeSampler
from hcdv_stream.valuation.utility import Floats, Membership

GROUPS = ("label", "cluster", "provider")
Groups = npt.NDArray[np.int64]

TREES = 100
"""Trees of data-oob, as in its paper's comparison with 100 players."""


@dataclass(frozen=True, slots=True)
class MethodOptions:
    """What the methods that ask a utility are told.

    ``learner`` is trained on coalitions and scored by ``metric``; ``groups`` says whose members
    ``group`` and ``du-shapley`` value together. Sampling ends after ``evaluations``, or after
    ``seconds`` where given, but not before its second round, which standard errors need. ``jobs``
    processes share the training.
    """

    learner: str = "ridge"
    metric: str = "balanced"
    groups: str = "label"
    evaluations: int = 10_000
    seconds: float | None = None
    jobs: int = 1

    def until(self) -> Criterion:
        """Return when sampling ends."""
        enough: Criterion = Evaluations(self.evaluations)
        if self.seconds is not None:
            enough = enough | Seconds(self.seconds)
        return enough & Rounds(2)


@dataclass(slots=True)
class World:
    """What a method may look at; counts what the utility is asked."""

    judged: Judged
    bundle: Bundle
    settings: Settings
    options: MethodOptions
    progress: Callable[[int], None]
    evaluations: int = 0

    @property
    def players(self) -> int:
        return len(self.judged.batch)

    def utility(self) -> "Counted":
        """Return the game: the learner, on the bundle's embeddings, judged by its V."""
        batch = self.judged.batch
        setting = Setting(
            batch.embeddings,
            batch.labels,
            self.bundle.validation,
            len(self.bundle.classes),
            self.bundle.seed.centroids,
            self.settings.neighbours,
            self.settings.seed,
        )
        learner = learner_of(self.options.learner, setting)
        metric = metric_of(self.options.metric)
        return Counted(TrainedUtility(learner, metric, self.options.jobs), self)

    def sampled(self, sampler: Sampler) -> Estimate:
        """Run a sampler on the game."""
        return run(
            sampler,
            self.utility(),
            self.options.until(),
            seed=self.settings.seed,
            clock=time.monotonic,
        )

    def groups(self) -> Groups:
        """Return the group of every example; one without a provider is a provider of its own."""
        batch, by = self.judged.batch, self.options.groups
        if by == "label":
            keys: Any = batch.labels
        elif by == "cluster":
            leaves = Centroids(dict(enumerate(self.bundle.seed.centroids)))
            keys = leaves.nearest(batch.embeddings)[0]
        else:
            names = zip(batch.providers, batch.ids, strict=True)
            keys = np.array([repr((who is None, who or own)) for who, own in names])
        return np.unique(keys, return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True, slots=True)
class Counted:
    """The game, counting for the world what it is asked."""

    utility: TrainedUtility
    world: World

    @property
    def players(self) -> int:
        return self.utility.players

    def __call__(self, membership: Membership) -> Floats:
        worth = self.utility(membership)
        self.world.evaluations += len(membership)
        self.world.progress(self.world.evaluations)
        return worth


def _group(world: World) -> Estimate:
    groups, options = world.groups(), world.options
    estimate = group_shapley(
        world.utility(),
        groups,
        options.until(),
        seed=world.settings.seed,
        clock=time.monotonic,
    )
    return shared(estimate, groups)


def _du_shapley(world: World) -> Estimate:
    groups = world.groups()
    return shared(world.sampled(UniformSizeSampler(groups)), groups)


def _knn_shapley(world: World) -> Estimate:
    batch, validation, classes = world.judged.batch, world.bundle.validation, world.bundle.classes
    weights = world.settings.weights.per_class(classes, validation.counts(len(classes)))
    neighbours = world.settings.neighbours
    values = knn_shapley(batch.embeddings, batch.labels, validation, neighbours, weights)
    return Estimate.exact("knn-shapley", values, 0, {"neighbours": neighbours})


def _data_oob(world: World) -> Estimate:
    features = world.judged.features.astype(np.float64)
    labels, seed = world.judged.batch.labels, world.settings.seed
    return data_oob(features, labels, TREES, seed, world.options.jobs)


METHODS: Mapping[str, Callable[[World], Estimate]] = {
    "random": lambda world: chance(world.players, world.settings.seed),
    "loo": lambda world: leave_one_out(world.utility()),
    "tmc": lambda world: world.sampled(tmc(batch=1)),
    "group": _group,
    "banzhaf": lambda world: world.sampled(banzhaf()),
    "beta-shapley": lambda world: world.sampled(beta_shapley(batch=1)),
    "knn-shapley": _knn_shapley,
    "du-shapley": _du_shapley,
    "data-oob": _data_oob,
}
"""Every method that has no tree; see ``file_valuation`` for those that do."""


def value_by(
    method: str,
    examples: Examples,
    bundle: Bundle,
    settings: Settings,
    options: MethodOptions,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> FileValuation:
    """Value the examples by a method of METHODS; the last row of an id counts.

    ``progress`` gets the count of coalitions asked for so far. Raises ValuationError where none
    fits the bundle or an option names what does not exist.
    """
    judged = judge_examples(examples, bundle)
    world = World(judged.distinct(), bundle, settings, options, progress)
    try:
        estimate = METHODS[method](world)
    except ValueError as error:
        raise ValuationError(str(error)) from error
    worth = None if estimate.ends is None else estimate.ends.everybody - estimate.ends.nobody
    return FileValuation(
        table=_table(world, estimate),
        total=worth,
        residual=None if worth is None else abs(float(estimate.values.sum()) - worth),
        updates=0,
        leaves=0,
        rejected=judged.rejected,
        replaced=len(judged.batch) - world.players,
        evaluations=estimate.evaluations,
    )


def _table(world: World, estimate: Estimate) -> pa.Table:
    batch = world.judged.batch
    order = np.argsort(world.judged.places)
    listed = order.tolist()
    classes = world.bundle.classes
    columns: dict[str, Any] = {
        "id": pa.array([batch.ids[row] for row in listed], pa.string()),
        "label": pa.array([classes[batch.labels[row]] for row in listed], pa.string()),
        "value": estimate.values[order],
        "stderr": estimate.errors[order],
    }
    if any(name is not None for name in batch.providers):
        columns["provider"] = pa.array([batch.providers[row] for row in listed], pa.string())
    return pa.table(columns)
