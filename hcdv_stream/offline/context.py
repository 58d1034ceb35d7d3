"""What a method may look at when it values a file: the examples, the game on them, its options."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

import numpy as np
import numpy.typing as npt

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.learners.metrics import metric_of
from hcdv_stream.learners.named import Setting, learner_of
from hcdv_stream.learners.trained import TrainedUtility
from hcdv_stream.offline.encoding import Judged
from hcdv_stream.offline.hierarchy_options import HierarchyOptions
from hcdv_stream.settings import Settings
from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.games.characteristic import Characteristic
from hcdv_stream.valuation.methods.blocks import Rows, among
from hcdv_stream.valuation.methods.contrasted_utility import Contrasted
from hcdv_stream.valuation.methods.levels import Levels, build_levels
from hcdv_stream.valuation.methods.ridge_utility import RidgeGame
from hcdv_stream.valuation.methods.sampling.run import Estimate, Sampler, run
from hcdv_stream.valuation.methods.sampling.stopping import (
    Criterion,
    Evaluations,
    RankStability,
    Rounds,
    Seconds,
    StandardError,
)
from hcdv_stream.valuation.methods.utility import Membership, Utility
from hcdv_stream.valuation.tree.centroids import Centroids

GROUPS = ("label", "cluster", "provider")
Groups = npt.NDArray[np.int64]

EVALUATIONS = 10_000
"""Coalitions after which sampling ends where nothing is said."""


@dataclass(frozen=True, slots=True)
class MethodOptions:
    """What the methods that ask a utility are told.

    ``learner`` is trained on coalitions and scored by ``metric``; ``groups`` says whose members
    ``group`` and ``du-shapley`` value together. Sampling ends after ``evaluations`` (None: 10,000)
    or with the first of what is given: after ``seconds``, with no error above ``standard_error``,
    or once the ranking's Spearman correlation with that of four rounds before is
    ``rank_correlation``; but not before its second round, which standard errors need. Algorithm 1
    has errors after one round, and plays one where nothing is given. ``jobs`` processes share the
    training. ``hierarchy`` is for the methods that have one.
    """

    learner: str = "ridge"
    metric: str = "balanced"
    groups: str = "label"
    evaluations: int | None = None
    seconds: float | None = None
    standard_error: float | None = None
    rank_correlation: float | None = None
    jobs: int = 1
    hierarchy: HierarchyOptions = field(default_factory=HierarchyOptions)

    def until(self, rounds: int = 2) -> Criterion:
        """Return when sampling ends, after ``rounds`` at the earliest."""
        given = [*self._given()]
        if rounds == 1 and not given:
            return Rounds(1)
        if self.evaluations is None:
            given.append(Evaluations(EVALUATIONS))
        return reduce(or_, given) & Rounds(rounds)

    def _given(self) -> Iterator[Criterion]:
        if self.evaluations is not None:
            yield Evaluations(self.evaluations)
        if self.seconds is not None:
            yield Seconds(self.seconds)
        if self.standard_error is not None:
            yield StandardError(self.standard_error)
        if self.rank_correlation is not None:
            yield RankStability(self.rank_correlation)


@dataclass(slots=True)
class World:
    """What a method may look at; counts what the utility is asked.

    ``levels`` is the hierarchy, once a method has cut one.
    """

    judged: Judged
    bundle: Bundle
    settings: Settings
    options: MethodOptions
    progress: Callable[[int], None]
    evaluations: int = 0
    levels: Levels | None = None

    @property
    def players(self) -> int:
        return len(self.judged.batch)

    def utility(self) -> "Counted":
        """Return the game: the learner, on the bundle's embeddings, judged by its V."""
        return Counted(self._trained(), self)

    def contrasted(self) -> "Counted":
        """Return the same with λΔ added: the paper's v.

        The ridge classifier's balanced accuracy merges sketches instead of spelling coalitions out.
        """
        batch, classes = self.judged.batch, len(self.bundle.classes)
        lam, averaged = self.settings.lam, self.options.hierarchy.averaged
        if (self.options.learner, self.options.metric) == ("ridge", "balanced"):
            v = Characteristic(self.bundle.validation, classes, lam, averaged)
            return Counted(RidgeGame(v, batch.embeddings, batch.labels), self)
        trained = self._trained()
        return Counted(
            Contrasted(trained, batch.embeddings, batch.labels, classes, lam, averaged), self
        )

    def cut(self) -> Levels:
        """Cut the hierarchy, by K_1, …, K_L."""
        chosen = self.options.hierarchy
        counts = chosen.counts or self.settings.branching
        self.levels = build_levels(self.judged.batch.embeddings, counts, chosen.counted)
        return self.levels

    def sampled(
        self, sampler: Sampler, utility: Utility | None = None, rounds: int = 2
    ) -> Estimate:
        """Run a sampler on the game, the learner's alone unless another is given."""
        return run(
            sampler,
            self.utility() if utility is None else utility,
            self.options.until(rounds),
            seed=self.settings.seed,
            clock=time.monotonic,
        )

    def _trained(self) -> TrainedUtility:
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
        return TrainedUtility(learner, metric_of(self.options.metric), self.options.jobs)

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

    utility: Utility
    world: World

    @property
    def players(self) -> int:
        return self.utility.players

    def __call__(self, membership: Membership) -> Floats:
        worth = self.utility(membership)
        self.world.evaluations += len(membership)
        self.world.progress(self.world.evaluations)
        return worth

    def among(self, blocks: Sequence[Rows], context: Rows) -> "Counted":
        """Count among blocks too: see ``valuation.blocks``."""
        return Counted(among(self.utility, blocks, context), self.world)
