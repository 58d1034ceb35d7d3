"""Markets of five and of fifty sellers who differ in size, noise, region and duplicates."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hcdv_stream.bundle.fingerprints import fingerprints
from hcdv_stream.bundle.schema import Columns
from hcdv_stream.bundle.training import TrainingOptions, train_bundle
from hcdv_stream.experiments.common.datasets import Column, Dataset, Rows
from hcdv_stream.experiments.marketplace.market import Ground
from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.tree.leaf import no_fingerprints
from hcdv_stream.valuation.weights import Weights

BUNDLE_SHARE, TEST_SHARE, VALIDATION_SHARE = 0.3, 0.25, 0.4
NEIGHBOURS = EngineConfig().neighbours
NOISE = (0.0, 0.05, 0.15, 0.3, 0.45)
"""Shares of wrong labels among the sellers of a market, each as often as the others."""
REGIONAL = 0.4
"""Sellers whose rows come from one side of the feature space."""
REPEATING, RESELLING = 0.2, 0.2
"""Sellers that sell half of their rows twice, and that sell rows of somebody else's too."""


@dataclass(frozen=True, slots=True)
class Market:
    """n records in the order of the log.

    ``rows`` (n,) are their places in the set, ``labels`` (n,) as they are sold, ``sellers`` (n,)
    numbers from 0. ``features`` float64 (n, F) are validated rows, ``embeddings`` (n, d) theirs.
    """

    rows: Rows
    labels: npt.NDArray[np.int16]
    sellers: npt.NDArray[np.int64]
    features: Floats
    embeddings: Embeddings

    def take(self, places: Rows) -> "Market":
        """Return some records, in that order."""
        return Market(
            self.rows[places],
            self.labels[places],
            self.sellers[places],
            self.features[places],
            self.embeddings[places],
        )

    def and_then(self, later: "Market") -> "Market":
        """Return both, the other one's records behind."""
        return Market(
            np.concatenate([self.rows, later.rows]),
            np.concatenate([self.labels, later.labels]),
            np.concatenate([self.sellers, later.sellers]),
            np.concatenate([self.features, later.features]),
            np.concatenate([self.embeddings, later.embeddings]),
        )

    def batch(self) -> Batch:
        """Return the records as the worker would make them; ids sort as the log does."""
        n = len(self.labels)
        return Batch(
            [f"{place:07d}" for place in range(n)],
            self.labels,
            [f"seller {seller}" for seller in self.sellers],
            np.arange(n, dtype=np.float64),
            self.embeddings,
            fingerprints(self.features, self.labels.tolist()),
        )


def ground_of(data: Dataset, seed: int) -> Ground:
    """Cut a set at random and train a bundle whose V has clean labels."""
    data = without_gaps(data)
    order = np.random.default_rng([seed, 7]).permutation(len(data))
    first, second = round(BUNDLE_SHARE * len(data)), round((BUNDLE_SHARE + TEST_SHARE) * len(data))
    options = TrainingOptions(seed=seed, validation_share=VALIDATION_SHARE, doubt=False)
    training = data.take(order[:first])
    labels = np.array(data.classes, dtype=object)[training.labels]
    bundle = train_bundle(training.columns, labels, options=options).bundle
    return Ground(data, bundle, order[first:second], order[second:], seed)


def without_gaps(data: Dataset) -> Dataset:
    """Fill gaps, numbers with the median: a bundle only takes them where it has seen some."""
    columns: dict[str, Column] = {}
    for name, column in data.columns.items():
        if column.dtype == object:
            columns[name] = np.array(["" if c is None else c for c in column], dtype=object)
        else:
            numbers = column.astype(np.float64)
            columns[name] = np.where(np.isnan(numbers), np.nanmedian(numbers), numbers)
    return Dataset(data.name, columns, data.labels, data.classes)


def records(
    site: Ground, rows: Rows, sellers: npt.NDArray[np.int64], columns: Columns | None = None
) -> Market:
    """Return rows of a set as records under their true labels, perhaps with other features."""
    schema = site.bundle.schema
    columns = columns or site.data.take(rows).columns
    features = np.asarray(schema.rows(columns), np.float64)
    embeddings = site.bundle.encode(schema.matrix(features), np.arange(len(rows)))
    return Market(rows, site.data.labels[rows].copy(), sellers, features, embeddings)


def market_of(site: Ground, sellers: int, generator: np.random.Generator) -> Market:
    """Draw a market: every row on offer has one first seller."""
    owner = _owners(site, sellers, generator)
    market = records(site, site.offered, owner)
    noise = generator.permutation(np.resize(NOISE, sellers))
    wrong = generator.random(len(owner)) < noise[owner]
    market.labels[wrong] = _other(market.labels[wrong], len(site.data.classes), generator)
    market = market.take(generator.permutation(len(owner)))
    later = [
        market.take(_half(np.flatnonzero(market.sellers == seller), generator))
        for seller in _some(sellers, REPEATING, generator)
    ]
    for seller in _some(sellers, RESELLING, generator):
        victim = int((seller + generator.integers(1, sellers)) % sellers)
        stolen = market.take(_half(np.flatnonzero(market.sellers == victim), generator))
        later.append(replace(stolen, sellers=np.full(len(stolen.rows), seller)))
    for each in later:
        market = market.and_then(each)
    return market


def _owners(site: Ground, sellers: int, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """Say who sells each row on offer: sizes differ, and some sellers come from one side."""
    schema = site.bundle.schema
    columns = site.data.take(site.offered).columns
    matrix = np.asarray(schema.matrix(np.asarray(schema.rows(columns), np.float64)), np.float64)
    appeal = np.tile(np.log(generator.dirichlet(np.full(sellers, 2.0))), (len(matrix), 1))
    for seller in _some(sellers, REGIONAL, generator):
        side = matrix @ generator.normal(size=matrix.shape[1])
        appeal[:, seller] += np.where(side > np.median(side), np.log(1.9), np.log(0.1))
    drawn = appeal + generator.gumbel(size=appeal.shape)
    owner: npt.NDArray[np.int64] = drawn.argmax(axis=1)
    for seller in np.flatnonzero(np.bincount(owner, minlength=sellers) == 0).tolist():
        owner[generator.integers(len(owner))] = seller
    return owner


def _some(sellers: int, share: float, generator: np.random.Generator) -> list[int]:
    chosen: list[int] = generator.permutation(sellers)[: round(share * sellers)].tolist()
    return chosen


def _half(places: Rows, generator: np.random.Generator) -> Rows:
    return generator.permutation(places)[: (len(places) + 1) // 2]


def _other(
    labels: npt.NDArray[np.int16], classes: int, generator: np.random.Generator
) -> npt.NDArray[np.int16]:
    """Return a wrong label for each."""
    steps = generator.integers(1, classes, len(labels))
    return ((labels + steps) % classes).astype(np.int16)


def played(
    site: Ground,
    market: Market,
    neighbours: int = NEIGHBOURS,
    *,
    marked: bool = True,
) -> Corpus:
    """Stream a market through the engine; unless ``marked``, copies are examples like others."""
    config = replace(EngineConfig(), neighbours=neighbours, tau=site.bundle.tau, seed=site.seed)
    classes, validation = site.data.classes, site.bundle.validation
    engine = Engine.from_seed(config, len(classes), validation, site.bundle.seed)
    batch = market.batch()
    if not marked:
        batch = replace(batch, fingerprints=no_fingerprints(len(batch)))
    for start in range(0, len(batch), config.update_size):
        engine.apply(batch.slice(start, start + config.update_size))
    trusted = validation.counts(len(classes))
    return Corpus(engine.state(), config.game, classes, trusted, config.neighbours)


def root_value(corpus: Corpus) -> tuple[float, float]:
    """Return what all examples are worth together for payouts, and its standard error."""
    root = corpus.state.nodes[corpus.state.header.root]
    value, stderr = corpus.state_values(Weights.for_payouts()).coalition(root)
    return value, stderr
