"""States compared bit for bit, and held against their definition."""

from dataclasses import replace

import numpy as np

from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.games.game import Seat
from hcdv_stream.valuation.games.registry import game_of
from hcdv_stream.valuation.state import EngineState
from hcdv_stream.valuation.tree.centroids import Centroids
from hcdv_stream.valuation.tree.evaluators import Evaluators
from hcdv_stream.valuation.tree.leaf import Leaf, Node
from hcdv_stream.valuation.tree.sketch import Sketch
from hcdv_stream.valuation.validation import Validation

Prints = dict[object, object]


def prints(state: EngineState) -> Prints:
    """Everything in a state as plain bytes, by name: equal exactly where the states are."""
    found: Prints = {"header": state.header, "drift": state.drift}
    for leaf in state.leaves.values():
        examples = leaf.examples
        found["leaf", leaf.id] = (
            leaf.parent,
            leaf.centroid.tobytes(),
            examples.ids,
            examples.providers,
            examples.labels.tobytes(),
            examples.timestamps.tobytes(),
            examples.embeddings.tobytes(),
            examples.fingerprints.tobytes(),
            examples.arrivals.tobytes(),
            examples.copies.tobytes(),
            examples.doubts.tobytes(),
            leaf.sketch.vector.tobytes(),
            _outcome(leaf),
            _trusted(leaf),
        )
    for node in state.nodes.values():
        shape = (node.parent, node.height, node.children)
        found["node", node.id] = (*shape, node.sketch.vector.tobytes(), _outcome(node))
    return found


def _trusted(leaf: Leaf) -> object:
    joined = leaf.evaluators
    if joined is None:
        return None
    columns = (joined.labels, joined.timestamps, joined.embeddings, joined.fingerprints)
    return joined.ids, joined.providers, [column.tobytes() for column in columns]


def _outcome(coalition: Leaf | Node) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in coalition.outcome.items()}


def replayed(
    state: EngineState, config: EngineConfig, classes: int, validation: Validation
) -> EngineState:
    """All games of the same tree played from scratch, one leaf at a time."""
    game = game_of(config, classes, validation)
    centroids = Centroids({leaf.id: leaf.centroid for leaf in state.leaves.values()})
    evaluators = Evaluators(validation, centroids, state.drift.departed, state.leaves.values())
    since = state.drift.peers_since
    leaves, nodes = {}, {}
    for leaf in state.leaves.values():
        joined = evaluators.joined_of(leaf.id)
        seat = Seat(leaf.examples, evaluators.of(leaf.id), joined, since)
        ((outcome, sketch),) = game.play_leaves([seat])
        leaves[leaf.id] = replace(leaf, outcome=outcome, sketch=sketch, evaluators=joined)
    for node in sorted(state.nodes.values(), key=lambda node: node.height):
        below: dict[int, Leaf] | dict[int, Node] = leaves if node.height == 1 else nodes
        children = [below[child] for child in node.children]
        total = np.sum([child.sketch.vector for child in children], axis=0, dtype=np.int64)
        whole = replace(node, sketch=Sketch(total, classes))
        nodes[node.id] = replace(whole, outcome=game.play_node(whole, children))
    return EngineState(state.header, nodes, leaves, state.providers, state.drift)


def check_shape(state: EngineState, config: EngineConfig, *, settled: bool) -> None:
    """Every id once, parents and children agree, one depth, bounded fan-out; ``settled`` leaves."""
    root = state.nodes[state.header.root]
    assert root.parent == -1
    seen = [name for leaf in state.leaves.values() for name in leaf.examples.ids]
    assert len(seen) == len(set(seen))
    assert {c for n in state.nodes.values() if n.height == 1 for c in n.children} == set(
        state.leaves
    )
    assert {c for n in state.nodes.values() if n.height > 1 for c in n.children} == set(
        state.nodes
    ) - {root.id}
    for leaf in state.leaves.values():
        assert leaf.id in state.nodes[leaf.parent].children
        assert list(leaf.examples.ids) == sorted(leaf.examples.ids)
        assert not settled or len(leaf.examples) <= config.leaf_size
    for node in state.nodes.values():
        most = config.branching[-1] if node.height == 1 else config.branching[0]
        assert 1 <= len(node.children) <= most
        if node.height > 1:
            assert all(state.nodes[child].height == node.height - 1 for child in node.children)
            assert all(state.nodes[child].parent == node.id for child in node.children)
    assert state.header.next_leaf > max(state.leaves)
    assert state.header.next_node > max(state.nodes)
