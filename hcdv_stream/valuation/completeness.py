"""Whether the counts and sums of a state agree with each other, without playing a game."""

import numpy as np

from hcdv_stream.valuation.state import EngineState
from hcdv_stream.valuation.tree.navigation import children_of


def miscount(state: EngineState) -> str | None:
    """Say which sum of a state is not that of its parts; None where all are.

    Every sketch must hold the sum of what is below it, and the header the number of examples.
    The tree must be whole: nodes name exactly the leaves and nodes that are there.
    """
    for leaf in state.leaves.values():
        if leaf.sketch.size != len(leaf.examples):
            return f"leaf {leaf.id} counts {leaf.sketch.size} examples and has {len(leaf.examples)}"
    for node in state.nodes.values():
        vectors = [child.sketch.vector for child in children_of(state, node)]
        if len({len(vector) for vector in (*vectors, node.sketch.vector)}) > 1:
            return f"the sketches under node {node.id} differ in length"
        if vectors and not np.array_equal(np.add.reduce(vectors), node.sketch.vector):
            return f"the sums of node {node.id} are not those of its children"
    header = state.header
    counted = header.records - header.replacements - 2 * header.deletions - state.drift.unvalued
    there = sum(len(leaf.examples) for leaf in state.leaves.values())
    if there != counted:
        return f"the header counts {counted} examples and the leaves have {there}"
    return None
