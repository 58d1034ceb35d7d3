"""A partition of as many points as one likes, written without playing a game: in seconds."""

from pathlib import Path

import numpy as np

from hcdv_stream.state import Identity, PartitionStore, Position
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.embedding.grid import unit_grid
from hcdv_stream.valuation.state import Delta, Header
from hcdv_stream.valuation.tree.leaf import Leaf, LeafExamples, Node
from hcdv_stream.valuation.tree.sketch import TRUSTED, Sketch
from tests.api.world import CLASSES, LOG, TOPIC

LEAF, DIMENSIONS = 50, 16


def leaf_of(number: int, rng: np.random.Generator, size: int = LEAF, providers: int = 7) -> Leaf:
    """A leaf with examples and components that no game gave."""
    embeddings = unit_grid(rng.normal(size=(size, DIMENSIONS)))
    first = number * size if providers > size else 0
    labels = rng.integers(0, len(CLASSES), size).astype(np.int16)
    examples = LeafExamples(
        tuple(f"example-{number:06d}-{place:03d}" for place in range(size)),
        labels,
        tuple(f"shop-{(first + place) % providers}" for place in range(size)),
        np.full(size, 1e9 + number),
        embeddings,
    )
    shape = (size, 2, len(CLASSES))
    outcome = {
        "components": rng.integers(-(1 << 40), 1 << 40, shape),
        "moments": rng.integers(0, 1 << 42, shape),
    }
    sketch = Sketch.of_examples(embeddings, labels, len(CLASSES))
    sketch.components[:] = outcome["components"].sum(axis=0)
    sketch.evaluators[TRUSTED] = 1
    return Leaf(number, 0, embeddings[0], examples, sketch, outcome)


def write_large(state_dir: Path, examples: int, providers: int = 7) -> None:
    """Write a state of so many examples, in leaves of fifty."""
    rng, leaves = np.random.default_rng(0), examples // LEAF
    identity = Identity(TOPIC, 0, "ab" * 16, CLASSES, (20, 20, 20), EngineConfig())
    made = {number: leaf_of(number, rng, providers=providers) for number in range(leaves)}
    whole = Sketch(np.sum([leaf.sketch.vector for leaf in made.values()], axis=0), len(CLASSES))
    root = Node(0, -1, 1, tuple(made), whole)
    header = Header(0, leaves, 1, records=examples, updates=1)
    directory = state_dir / TOPIC / "0"
    with PartitionStore.open(directory, identity=identity, log=LOG) as store:
        store.write(Delta(header, {0: root}, made), Position(examples, examples, 1e9, 1e9, 0.0))
