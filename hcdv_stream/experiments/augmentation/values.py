"""Ways of valuing candidates beside originals, in an embedding that has seen neither.

HCDV's default plants its tree on the originals, to which the candidates come as a stream does;
KNN-Shapley values both at once on V. GS groups by label, as in the paper, and MCDS samples orders
of all examples; both ask a class-balanced ridge classifier for its balanced accuracy on V.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.bundle.training import TrainingOptions, train_bundle
from hcdv_stream.experiments.augmentation.fashion_mnist import CLASSES
from hcdv_stream.experiments.augmentation.pool import Labelled
from hcdv_stream.experiments.augmentation.transforms import Images
from hcdv_stream.learners.metrics import balanced_accuracy
from hcdv_stream.learners.ridge import Ridge
from hcdv_stream.learners.trained import TrainedUtility
from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.methods.baselines.data_shapley import tmc
from hcdv_stream.valuation.methods.baselines.group_shapley import group_shapley, shared
from hcdv_stream.valuation.methods.baselines.knn_shapley import knn_shapley
from hcdv_stream.valuation.methods.sampling.run import run
from hcdv_stream.valuation.methods.sampling.stopping import Evaluations, Rounds
from hcdv_stream.valuation.tree.build import plant
from hcdv_stream.valuation.tree.centroids import Centroids

Values = npt.NDArray[np.float64]
Leaves = npt.NDArray[np.int64]

COMPONENTS = 32
VALIDATION_SHARE = 0.15
_NAMES = tuple(str(label) for label in range(len(CLASSES)))


class Eye:
    """What embeds images: principal components, and a bundle that was trained on them."""

    def __init__(self, known: Labelled, seed: int) -> None:
        self._components = PCA(COMPONENTS, svd_solver="randomized", random_state=seed)
        self._components.fit(known.flat)
        options = TrainingOptions(seed=seed, validation_share=VALIDATION_SHARE, doubt=False)
        named = np.array(_NAMES, dtype=object)[known.labels]
        self.bundle: Bundle = train_bundle(self._columns(known.flat), named, options=options).bundle

    def embed(self, pool: Labelled) -> Embeddings:
        """Return unit vectors on the grid, (n, d)."""
        return self.bundle.encode_columns(self._columns(pool.flat))

    def _columns(self, flat: Images) -> Mapping[str, npt.NDArray[np.float64]]:
        places = self._components.transform(flat).astype(np.float64)
        return {f"p{place:02d}": places[:, place] for place in range(COMPONENTS)}


@dataclass(frozen=True, slots=True)
class Site:
    """n images to value: the ``first`` are originals, the others come after them in order."""

    bundle: Bundle
    embeddings: Embeddings
    labels: npt.NDArray[np.int16]
    first: int
    seed: int
    evaluations: int

    @property
    def game(self) -> TrainedUtility:
        """The game of those who retrain."""
        learner = Ridge(self.embeddings, self.labels, self.bundle.validation, len(CLASSES))
        return TrainedUtility(learner, balanced_accuracy)


@dataclass(frozen=True, slots=True)
class Streamed:
    """HCDV's values (n,), those without the contrast, each image's leaf, and if it is ``beyond`` τ.

    Beyond τ of every leaf of originals, that is, so that it would found a leaf. Small leaves are
    merged later: the leaf it ends in may well hold originals.
    """

    values: Values
    evaluated: Values
    leaves: Leaves
    beyond: npt.NDArray[np.bool_]


def streamed(site: Site) -> Streamed:
    """Plant the originals, let the candidates come, and read the values."""
    config = replace(EngineConfig(), tau=site.bundle.tau, seed=site.seed)
    count = len(site.labels)
    ids = [f"{position:07d}" for position in range(count)]
    times = np.arange(count, dtype=np.float64)
    batch = Batch(ids, site.labels, [None] * count, times, site.embeddings)
    validation = site.bundle.validation
    planted = plant(batch.slice(0, site.first), len(CLASSES), config)
    centroids = Centroids({leaf: found.centroid for leaf, found in planted.leaves.items()})
    _, closeness = centroids.nearest(site.embeddings)
    engine = Engine(config, len(CLASSES), validation, planted)
    engine.play()
    for start in range(site.first, count, config.update_size):
        engine.apply(batch.slice(start, start + config.update_size))
    trusted = validation.counts(len(CLASSES))
    corpus = Corpus(engine.state(), config.game, _NAMES, trusted)
    order = np.argsort([int(name) for name in corpus.ids])
    values = corpus.values()
    return Streamed(
        values.value[order],
        values.evaluated[order],
        corpus.leaves[order],
        1.0 - closeness > site.bundle.tau,
    )


def _knn(site: Site) -> Values:
    balanced = np.full(len(CLASSES), 1.0 / len(CLASSES))
    neighbours = EngineConfig().neighbours
    return knn_shapley(site.embeddings, site.labels, site.bundle.validation, neighbours, balanced)


def _grouped(site: Site) -> Values:
    groups = np.unique(site.labels, return_inverse=True)[1].astype(np.int64)
    return shared(group_shapley(site.game, groups, Rounds(1), seed=site.seed), groups).values


def _sampled(site: Site) -> Values:
    until = Evaluations(site.evaluations) & Rounds(2)
    return run(tmc(batch=1), site.game, until, seed=site.seed).values


def _chance(site: Site) -> Values:
    return np.random.default_rng([site.seed, 11]).random(len(site.labels))


RIVALS: Mapping[str, Callable[[Site], Values]] = {
    "KNN-Shapley": _knn,
    "MCDS": _sampled,
    "GS": _grouped,
    "random": _chance,
}
