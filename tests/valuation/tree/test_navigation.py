"""Ways through a tree, held against its parents and children one by one."""

import itertools

import numpy as np
import pytest

from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.state import EngineState
from hcdv_stream.valuation.tree.build import plant
from hcdv_stream.valuation.tree.leaf import ROOT_PARENT, Leaf, Node
from hcdv_stream.valuation.tree.navigation import children_of, leaves_below, path_up
from tests.valuation.worlds import batch_of


@pytest.fixture(scope="module")
def state() -> EngineState:
    config = EngineConfig(leaf_size=4, branching=(2, 3), merge_below=2)
    return plant(batch_of(90, 2, 3, np.random.default_rng(5)), 2, config)


def test_children_are_leaves_under_the_lowest_nodes_alone(state: EngineState) -> None:
    for node in state.nodes.values():
        children = children_of(state, node)
        assert [child.id for child in children] == list(node.children)
        assert {type(child) for child in children} == {Leaf if node.height == 1 else Node}


def test_the_leaves_below_a_coalition_are_those_whose_path_leads_to_it(state: EngineState) -> None:
    assert state.nodes[state.header.root].height > 2
    for node in state.nodes.values():
        expected = {i for i, n in state.leaves.items() if node.id in path_up(state.nodes, n.parent)}
        found = leaves_below(state.nodes, node)
        assert set(found) == expected
        assert len(found) == len(expected)
    for leaf in state.leaves.values():
        assert leaves_below(state.nodes, leaf) == [leaf.id]


def test_a_path_goes_up_to_the_root(state: EngineState) -> None:
    for leaf in state.leaves.values():
        path = path_up(state.nodes, leaf.parent)
        assert leaf.id in state.nodes[path[0]].children
        for below, above in itertools.pairwise(path):
            assert below in state.nodes[above].children
        assert path[-1] == state.header.root
    assert path_up(state.nodes, ROOT_PARENT) == []
    with pytest.raises(KeyError):
        path_up(state.nodes, max(state.nodes) + 1)
