"""A marketplace to value: what sellers offer, embedded by a bundle that has seen none of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.bundle.training import TrainingOptions, train_bundle
from hcdv_stream.experiments.common.datasets import Dataset, Rows
from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.config import EngineConfig, Peers
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.weights import Weights

BUNDLE_SHARE = 0.15
TEST_SHARE = 0.25
VALIDATION_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Ground:
    """A set cut into the bundle's rows, ``test`` and ``offered``, which sellers draw from."""

    data: Dataset
    bundle: Bundle
    test: Rows
    offered: Rows
    seed: int


def ground(data: Dataset, seed: int) -> Ground:
    """Cut the set at random and train a bundle, whose V is what the methods are evaluated by."""
    order = np.random.default_rng([seed, 4]).permutation(len(data))
    first, second = round(BUNDLE_SHARE * len(data)), round((BUNDLE_SHARE + TEST_SHARE) * len(data))
    options = TrainingOptions(seed=seed, validation_share=VALIDATION_SHARE, doubt=False)
    training = data.take(order[:first])
    labels = np.array(data.classes, dtype=object)[training.labels]
    bundle = train_bundle(training.columns, labels, options=options).bundle
    return Ground(data, bundle, order[first:second], order[second:], seed)


@dataclass(frozen=True, slots=True)
class Offer:
    """n examples for sale: embeddings (n, d), labels (n,) and the seller of each, a number."""

    embeddings: Embeddings
    labels: npt.NDArray[np.int16]
    sellers: npt.NDArray[np.int64]

    def and_then(self, more: "Offer") -> "Offer":
        """Return both."""
        return Offer(
            np.concatenate([self.embeddings, more.embeddings]),
            np.concatenate([self.labels, more.labels]),
            np.concatenate([self.sellers, more.sellers]),
        )

    def shuffled(self, generator: np.random.Generator) -> "Offer":
        """Return the same in random order, as a stream would bring it."""
        order = generator.permutation(len(self.labels))
        return Offer(self.embeddings[order], self.labels[order], self.sellers[order])

    def batch(self) -> Batch:
        """Return the examples as records; ids sort as positions do."""
        n = len(self.labels)
        ids = [f"{position:07d}" for position in range(n)]
        owners = [f"seller {seller}" for seller in self.sellers]
        return Batch(ids, self.labels, owners, np.arange(n, dtype=np.float64), self.embeddings)


def offer(site: Ground, sold: Sequence[Rows]) -> Offer:
    """Embed what each seller sells."""
    rows = np.concatenate(sold)
    sellers = np.repeat(np.arange(len(sold)), [len(each) for each in sold])
    embeddings = site.bundle.encode_columns(site.data.take(rows).columns)
    return Offer(embeddings, site.data.labels[rows], sellers)


def worth(site: Ground, market: Offer, peers: Peers = "other-providers") -> Floats:
    """Return what each seller's examples sum to under the default game; ``off``: V alone."""
    config = replace(EngineConfig(), peers=peers, tau=site.bundle.tau, seed=site.seed)
    classes, validation = site.data.classes, site.bundle.validation
    engine = Engine.from_seed(config, len(classes), validation, site.bundle.seed)
    batch = market.batch()
    for start in range(0, len(batch), config.update_size):
        engine.apply(batch.slice(start, start + config.update_size))
    corpus = Corpus(engine.state(), config.game, classes, validation.counts(len(classes)))
    values = corpus.values(Weights(beta=0.0) if peers == "off" else Weights()).value
    sellers = market.sellers[[int(name) for name in corpus.ids]]
    return summed(values, sellers)


def summed(values: Floats, sellers: npt.NDArray[np.int64]) -> Floats:
    """Sum the examples' values (n,) by seller."""
    sums: Floats = np.bincount(sellers, weights=values).astype(np.float64)
    return sums


def paid(values: Floats) -> Floats:
    """Return the parts of an amount, summing to 1: nothing for a negative value."""
    positive = np.maximum(values, 0.0)
    total = positive.sum()
    return positive / total if total > 0 else np.full(len(values), 1.0 / len(values))


def gini(parts: Floats) -> float:
    """Return the Gini coefficient of parts >= 0: 0 where all are the same."""
    differences = np.abs(parts[:, None] - parts[None, :]).sum()
    return float(differences / (2 * len(parts) * parts.sum()))
