"""A state that is whole and consistent, and whose values are not what the games give."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from hcdv_stream.state import PartitionReader, PartitionStore
from hcdv_stream.valuation.state import Delta
from hcdv_stream.valuation.tree.leaf import Leaf


def tampered(leaf: Leaf) -> Leaf:
    """The leaf with one bit of one component another."""
    components = np.array(leaf.outcome["components"])
    components[0, 0, 0] ^= 1
    return replace(leaf, outcome={**leaf.outcome, "components": components})


def tamper(directory: Path) -> int:
    """Change every leaf of a state by a bit; return how many."""
    reader = PartitionReader(directory)
    reader.refresh()
    reader.close()
    assert reader.stored is not None
    assert reader.identity is not None
    state = reader.stored.state
    leaves = {number: tampered(leaf) for number, leaf in state.leaves.items() if len(leaf.examples)}
    with PartitionStore.open(directory, identity=reader.identity) as store:
        store.load()
        store.write(Delta(state.header, leaves=leaves), reader.stored.position)
    return len(leaves)
