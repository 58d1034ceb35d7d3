"""Every method that is compared, behind one call: a case in, a value for each example out."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from hcdv_stream.estimator.parameters import usual_leaf_size
from hcdv_stream.experiments.common.cases import ExperimentCase
from hcdv_stream.learners.data_oob import data_oob
from hcdv_stream.valuation.config import PAPER, EngineConfig
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.methods.baselines.knn_shapley import knn_shapley
from hcdv_stream.valuation.selection import select
from hcdv_stream.valuation.tree.build import plant
from hcdv_stream.valuation.weights import Weights

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Valued:
    """What n examples are worth: ``values`` (n,), and for ``select``, ``evaluated`` (n,)."""

    values: Values
    evaluated: Values | None = None

    def selected(
        self, labels: npt.NDArray[np.int16], share: float, generator: np.random.Generator
    ) -> npt.NDArray[np.intp]:
        """Return what ``select`` takes of them by its default strategy: rows, ascending."""
        return select(self.values, labels, share, "spread", generator, evaluated=self.evaluated)


Method = Callable[[ExperimentCase], Valued]

COSTS = ("seconds", "processor_seconds")
TREES = 100
DEFAULT = "routed (default)"
DETECTING = "routed, λ for detection"
KNN = "global KNN-Shapley"
OUT_OF_BAG = "Data-OOB"
DETECTION = Weights(lam=1.0)
"""Of all λ tried, ``tuning`` tells wrong labels from right ones best with this one, inside a class.

A list over all classes fills with the common one: there doubts are needed, see ``label_errors``.
"""


def timed(method: Method, case: ExperimentCase) -> tuple[Valued, dict[str, float]]:
    """Return a method's values of a case, and what they took on one thread by each of COSTS."""
    with threadpool_limits(limits=1):
        wall, busy = time.perf_counter(), time.process_time()
        valued = method(case)
        spent = time.perf_counter() - wall, time.process_time() - busy
    return valued, dict(zip(COSTS, spent, strict=True))


def planted(case: ExperimentCase, config: EngineConfig) -> Corpus:
    """Value the case as a corpus at hand: its own examples make the tree, each leaf is played once.

    This is what ``HCDV.fit`` does once everything is embedded.
    """
    classes = len(case.classes)
    config = replace(config, leaf_size=usual_leaf_size(classes, len(case.labels)))
    engine = Engine(config, classes, case.validation, plant(case.batch, classes, config))
    engine.play()
    return _corpus(case, engine)


def streamed(case: ExperimentCase, config: EngineConfig) -> Corpus:
    """Value the case as the worker would: mini-batch after mini-batch, an update each."""
    engine = Engine.from_seed(config, len(case.classes), case.validation, case.hierarchy)
    batch = case.batch
    for start in range(0, len(batch), config.update_size):
        engine.apply(batch.slice(start, start + config.update_size))
    return _corpus(case, engine)


def _corpus(case: ExperimentCase, engine: Engine) -> Corpus:
    trusted = case.validation.counts(len(case.classes))
    return Corpus(engine.state(), engine.config.game, case.classes, trusted)


def read(corpus: Corpus, weights: Weights | None) -> Valued:
    """Read the values of a valued case, in the case's order."""
    found = corpus.values(weights)
    values, evaluated = np.empty((2, len(corpus)))
    rows = [int(name) for name in corpus.ids]
    values[rows], evaluated[rows] = found.value, found.evaluated
    return Valued(values, evaluated)


def at_hand(case: ExperimentCase, weights: Weights | None = None) -> Valued:
    """Return the values of the default game, with the defaults of everything but the weights."""
    return read(planted(case, _defaults(case)), weights or Weights())


def at_hand_noisy(case: ExperimentCase) -> Valued:
    """Return the same where V is as noisy as the rest, as when nobody checked it."""
    return at_hand(replace(case, validation=case.noisy_validation))


def routed(case: ExperimentCase) -> Valued:
    """Return the values of the default game when the examples come as a stream."""
    return read(streamed(case, _defaults(case)), Weights())


def _defaults(case: ExperimentCase) -> EngineConfig:
    return replace(EngineConfig(), tau=case.tau, seed=case.seed)


def algorithm1(case: ExperimentCase) -> Valued:
    """HCDV as printed, with the paper's streaming parameters."""
    return read(streamed(case, replace(PAPER, seed=case.seed)), None)


def global_knn(case: ExperimentCase) -> Values:
    """KNN-Shapley of everything on V, classes weighed equally as in the default game."""
    balanced = np.full(len(case.classes), 1.0 / len(case.classes))
    neighbours = EngineConfig().neighbours
    return knn_shapley(case.embeddings, case.labels, case.validation, neighbours, balanced)


def global_knn_noisy(case: ExperimentCase) -> Values:
    """Return the same where V is as noisy as the rest."""
    return global_knn(replace(case, validation=case.noisy_validation))


def out_of_bag(case: ExperimentCase) -> Values:
    """Data-OOB on the raw features."""
    return data_oob(case.downstream.candidates, case.labels, TREES, case.seed).values


METHODS: Mapping[str, Method] = {
    DEFAULT: at_hand,
    DETECTING: lambda case: at_hand(case, DETECTION),
    "routed, V noisy too": at_hand_noisy,
    "routed, streamed": routed,
    "algorithm1 (paper), streamed": algorithm1,
    KNN: lambda case: Valued(global_knn(case)),
    "global KNN-Shapley, V noisy too": lambda case: Valued(global_knn_noisy(case)),
    OUT_OF_BAG: lambda case: Valued(out_of_bag(case)),
}
