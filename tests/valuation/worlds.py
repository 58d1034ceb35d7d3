"""Small corpora for tests."""

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.doubt.model import DOUBT_BITS, MODELS, Doubts
from hcdv_stream.valuation.doubt.packed import pack
from hcdv_stream.valuation.embedding.grid import Embeddings, unit_grid
from hcdv_stream.valuation.tree.seed import SeedHierarchy, build_seed
from hcdv_stream.valuation.validation import Validation


def batch_of(
    count: int,
    classes: int,
    dimensions: int,
    generator: np.random.Generator,
    *,
    providers: int = 3,
    prefix: str = "s",
) -> Batch:
    """Clustered examples with labels that follow the clusters, some without a provider."""
    centres = np.random.default_rng(5).normal(size=(2 * classes, dimensions)) * 1.5
    cluster = generator.integers(0, 2 * classes, count)
    names = [None, *(f"seller-{number}" for number in range(providers))]
    labels = (cluster % classes).astype(np.int16)
    owners = [names[number] for number in generator.integers(0, len(names), count)]
    embeddings = unit_grid(centres[cluster] + generator.normal(size=(count, dimensions)))
    return Batch(
        [f"{prefix}{number:05d}" for number in range(count)],
        labels,
        owners,
        1e9 + np.arange(count, dtype=np.float64),
        embeddings,
        doubts=doubts_of(labels, classes, embeddings),
    )


def doubts_of(
    labels: npt.NDArray[np.int16], classes: int, embeddings: Embeddings
) -> npt.NDArray[np.uint64]:
    """Return packed doubts that follow from the examples, about every eighth of them above 0.5."""
    generator = np.random.default_rng(int(embeddings.view(np.uint32).sum(dtype=np.uint64)))
    count = len(labels)
    found = Doubts(
        np.rint(generator.random(count) ** 3 * 2**DOUBT_BITS) / 2**DOUBT_BITS,
        ((labels + generator.integers(1, classes, count)) % classes).astype(np.int16),
        generator.random((count, len(MODELS))),
    )
    return pack(found, "validation", generator.random(count) < 0.05)


def validation_of(count: int, classes: int, dimensions: int, seed: int = 9) -> Validation:
    """Return trusted evaluators from the same clusters."""
    examples = batch_of(count, classes, dimensions, np.random.default_rng(seed))
    return Validation(examples.embeddings, examples.labels)


def seed_of(config: EngineConfig, classes: int, dimensions: int, count: int = 60) -> SeedHierarchy:
    """Return a seed tree from other examples of the same clusters."""
    examples = batch_of(count, classes, dimensions, np.random.default_rng(77))
    return build_seed(examples.embeddings, config)
