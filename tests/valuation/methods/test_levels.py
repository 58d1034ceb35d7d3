"""Hierarchies: cut, checked, read from an engine."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.methods.levels import Levels, build_levels, groups, levels_of
from tests.valuation.worlds import batch_of, seed_of, validation_of


def embeddings(count: int, seed: int = 0):
    return batch_of(count, 2, 4, np.random.default_rng(seed)).embeddings


@pytest.mark.parametrize(("counted", "sizes"), [("per-parent", [3, 12]), ("total", [3, 4])])
def test_what_k_counts(counted, sizes):
    levels = build_levels(embeddings(100), (3, 4), counted)
    assert [levels.size(level) for level in (1, 2)] == sizes
    assert levels.depth == 2
    assert levels.examples == 100


@settings(max_examples=25, deadline=None)
@given(
    count=st.integers(1, 60),
    counts=st.lists(st.integers(1, 5), max_size=3),
    counted=st.sampled_from(["per-parent", "total"]),
)
def test_levels_refine_and_are_balanced(count, counts, counted):
    levels = build_levels(embeddings(count), counts, counted)
    for level in range(1, levels.depth + 1):
        members = levels.members(level)
        assert sum(map(len, members)) == count
        assert min(map(len, members)) >= 1
        parents = levels.parents(level)
        above = levels.members(level - 1)
        for rows, parent in zip(members, parents, strict=True):
            assert set(rows) <= set(above[parent])
        for parent, children in enumerate(groups(parents)):
            sizes = [len(members[child]) for child in children]
            assert sum(sizes) == len(above[parent])
            if counted == "per-parent" and len(above[parent]) >= 3 * counts[level - 1]:
                assert max(sizes) <= 4 * min(sizes)


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ([[0, 0, 2]], "every number"),
        ([[0, 1, 1], [0, 0, 1]], "must refine level 1"),
    ],
)
def test_what_is_no_hierarchy(assignment, message):
    with pytest.raises(ValueError, match=message):
        Levels(np.array(assignment))


def test_labels_are_numbered_anew():
    levels = Levels.nested([["b", "b", "a", "a"], [7, 9, 3, 3]])
    np.testing.assert_array_equal(levels.assignment, [[1, 1, 0, 0], [1, 2, 0, 0]])
    np.testing.assert_array_equal(levels.parents(2), [0, 1, 1])


def test_no_level_is_one_coalition():
    levels = build_levels(embeddings(5), ())
    assert levels.depth == 0
    assert [rows.tolist() for rows in levels.members(0)] == [[0, 1, 2, 3, 4]]


def test_a_level_has_at_least_one_coalition():
    with pytest.raises(ValueError, match="every K must be at least 1"):
        build_levels(embeddings(5), (2, 0))


def test_an_engine_tree_reads_as_levels():
    config = EngineConfig(leaf_size=6, update_size=10, merge_below=2, branching=(3, 3), tau=0.8)
    validation = validation_of(20, 2, 4)
    engine = Engine.from_seed(config, 2, validation, seed_of(config, 2, 4))
    engine.apply(batch_of(60, 2, 4, np.random.default_rng(1)))
    corpus = Corpus(engine.state(), "routed", ["0", "1"], validation.counts(2))
    levels = levels_of(corpus.state)
    assert levels.examples == len(corpus)
    last = levels.coalitions(levels.depth)
    for first in range(len(corpus)):
        same_leaf = corpus.leaves == corpus.leaves[first]
        np.testing.assert_array_equal(last == last[first], same_leaf)
        path = corpus.path(corpus.leaves[first])
        for level in range(1, levels.depth):
            same = [corpus.path(leaf)[level] == path[level] for leaf in corpus.leaves]
            own = levels.coalitions(level)
            np.testing.assert_array_equal(own == own[first], same)
