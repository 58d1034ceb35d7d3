"""Small corpora for tests."""

import numpy as np

from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.embedding.grid import unit_grid
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
    return Batch(
        [f"{prefix}{number:05d}" for number in range(count)],
        (cluster % classes).astype(np.int16),
        [names[number] for number in generator.integers(0, len(names), count)],
        1e9 + np.arange(count, dtype=np.float64),
        unit_grid(centres[cluster] + generator.normal(size=(count, dimensions))),
    )


def validation_of(count: int, classes: int, dimensions: int, seed: int = 9) -> Validation:
    """Return trusted evaluators from the same clusters."""
    examples = batch_of(count, classes, dimensions, np.random.default_rng(seed))
    return Validation(examples.embeddings, examples.labels)


def seed_of(config: EngineConfig, classes: int, dimensions: int, count: int = 60) -> SeedHierarchy:
    """Return a seed tree from other examples of the same clusters."""
    examples = batch_of(count, classes, dimensions, np.random.default_rng(77))
    return build_seed(examples.embeddings, config)
