"""States whose every byte follows from the number of updates written.

That keeps the expected state outside the process that writes it. Run as a script, this is the
owner of a store: ``samples.py DIRECTORY UPDATES PAUSE_SECONDS`` writes updates after those
that are there, and prints number and time of each once it is durable.
"""

import sys
import time
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from hcdv_stream.state import Identity, PartitionStore, Position
from hcdv_stream.state.records import encode_leaf, encode_node
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.state import Delta, EngineState, Header
from hcdv_stream.valuation.tree.leaf import Leaf, LeafExamples, Node
from hcdv_stream.valuation.tree.sketch import Sketch

IDENTITY = Identity("sessions", 0, "0f" * 16, ("bounce", "buy"), (30, 12), EngineConfig())
CLASSES, DIMENSIONS, EXAMPLES = 2, 16, 64
OLD, LIVING = 12, 5  # leaves that stay, leaves that come and go


def centroid(identifier: int, stamp: int) -> np.ndarray:
    """Centroid as update ``stamp`` moved it."""
    return np.random.default_rng([identifier, stamp, 1]).random(DIMENSIONS, np.float32)


@cache
def leaf(identifier: int, stamp: int, examples: int = EXAMPLES) -> Leaf:
    """Leaf as update ``stamp`` wrote it: the number is in all of its columns."""
    rng = np.random.default_rng([identifier, stamp])
    columns = LeafExamples(
        tuple(f"{identifier}/{stamp}/{row}" for row in range(examples)),
        np.full(examples, stamp % CLASSES, np.int16),
        tuple(None if row % 3 == 0 else f"seller {row % 3}" for row in range(examples)),
        np.full(examples, float(stamp)),
        rng.standard_normal((examples, DIMENSIONS)).astype(np.float32),
        rng.integers(1, 2**63, (examples, 2)).astype(np.uint64),
        np.arange(examples) + stamp,
        np.arange(examples) % 5 == 0,
        rng.integers(0, 2**60, examples).astype(np.uint64),
    )
    components = rng.integers(-(2**40), 2**40, (examples, 2, CLASSES))
    sketch = Sketch.of_examples(columns.embeddings, columns.labels, CLASSES)
    sketch.components[:] = components.sum(axis=0)
    return Leaf(identifier, 1, columns.embeddings[0], columns, sketch, {"components": components})


def alive(update: int) -> list[int]:
    """Ids of the leaves that are there: the old ones and the youngest few."""
    return [*range(OLD), *range(OLD + update, OLD + update + LIVING)]


def stamp_of(identifier: int, update: int) -> int:
    """Which update wrote a leaf last: every third one, or the one that it was born in."""
    born = max(identifier - OLD - LIVING + 1, 1)
    latest = update - (update - identifier) % 3
    return latest if latest >= born else born


def moves(identifier: int, update: int) -> bool:
    """Whether an update moves the centroid of a leaf of which it writes nothing else."""
    return (identifier + update) % 2 == 0 and stamp_of(identifier, update) != update


def leaf_after(identifier: int, update: int) -> Leaf:
    """Leaf as it is after an update."""
    stamp = stamp_of(identifier, update)
    found = leaf(identifier, stamp)
    moved = [later for later in range(stamp + 1, update + 1) if moves(identifier, later)]
    return replace(found, centroid=centroid(identifier, moved[-1])) if moved else found


def nodes(update: int) -> dict[int, Node]:
    vectors = [leaf(number, stamp_of(number, update)).sketch.vector for number in alive(update)]
    sketch = Sketch(np.add.reduce(vectors), CLASSES)
    return {0: Node(0, -1, 2, (1,), sketch), 1: Node(1, 0, 1, tuple(alive(update)), sketch)}


def header(update: int) -> Header:
    records, there = update * 150, (OLD + LIVING) * EXAMPLES
    return Header(
        0,
        OLD + update + LIVING,
        2,
        records + there,
        update,
        tuple(alive(update)),
        replacements=records,
    )


def state_after(update: int) -> EngineState:
    leaves = {number: leaf_after(number, update) for number in alive(update)}
    return EngineState(header(update), nodes(update), leaves)


def delta_of(update: int) -> Delta:
    """What update number ``update`` (from 1) changes."""
    written = [number for number in alive(update) if stamp_of(number, update) == update]
    gone = sorted(set(alive(update - 1)) - set(alive(update))) if update > 1 else []
    leaves = {number: leaf(number, update) for number in written}
    known = set(alive(update - 1)) if update > 1 else set()
    moved = [each for each in alive(update) if each in known and moves(each, update)]
    centroids = {number: centroid(number, update) for number in moved}
    return Delta(header(update), nodes(update), leaves, (), tuple(gone), centroids)


def position_of(update: int, written_at: float = 0.0) -> Position:
    return Position(update * 150, update * 150 + 7, update + 0.25, update + 0.5, written_at)


def contents(state: EngineState) -> tuple[object, ...]:
    """All of a state in a form that ``==`` compares bit for bit."""
    leaves = {number: encode_leaf(leaf, 0) for number, leaf in state.leaves.items()}
    return state.header, leaves, {number: encode_node(n, 0) for number, n in state.nodes.items()}


def own(directory: Path, updates: int, pause: float) -> None:
    """Write updates until there are so many, telling each one once it is durable."""
    with PartitionStore.open(directory, identity=IDENTITY, log_length=100) as store:
        stored = store.load()
        for update in range((stored.sequence if stored else 0) + 1, updates + 1):
            store.write(delta_of(update), position_of(update, time.time()))
            print(update, time.time(), flush=True)
            time.sleep(pause)


if __name__ == "__main__":
    own(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
