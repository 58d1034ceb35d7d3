"""Cutting, seeding and routing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.embedding.grid import unit_grid
from hcdv_stream.valuation.tree.bisection import _cut, bisect, parts
from hcdv_stream.valuation.tree.centroids import Centroids
from hcdv_stream.valuation.tree.evaluators import Evaluators
from hcdv_stream.valuation.tree.seed import build_seed, nearest_distances
from tests.valuation.states import check_shape
from tests.valuation.worlds import batch_of, validation_of


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(2, 80))
def test_neither_side_of_a_cut_is_small(seed: int, count: int) -> None:
    vectors = unit_grid(np.random.default_rng(seed).normal(size=(count, 5)))
    second = bisect(vectors)
    least = min(-(-count // 3), count // 2)
    assert least <= np.count_nonzero(second) <= count - least


def test_a_cut_separates_what_is_apart() -> None:
    generator = np.random.default_rng(3)
    centres = np.repeat([[5.0, 0, 0], [0, 5.0, 0]], 40, axis=0)
    order = generator.permutation(80)
    second = bisect(unit_grid((centres + generator.normal(size=(80, 3)))[order]))
    sides = order >= 40
    assert (second == sides).all() or (second == ~sides).all()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(2, 80))
def test_a_short_side_takes_the_nearest_of_the_other_and_of_equals_the_earlier(
    seed: int, count: int
) -> None:
    lean = np.random.default_rng(seed).integers(-1, 4, count).astype(np.float64)
    least = min(-(-count // 3), count // 2)
    first = np.clip(np.count_nonzero(lean <= 0), least, count - least)
    expected = np.ones(count, bool)
    expected[np.argsort(lean, kind="stable")[:first]] = False
    assert np.array_equal(_cut(lean), expected)


def test_identical_vectors_are_cut_all_the_same() -> None:
    groups = parts(np.tile(unit_grid([[1.0, 2.0]]), (100, 1)), 8)
    assert sorted(np.concatenate(groups)) == list(range(100))
    assert max(map(len, groups)) <= 8


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 400))
def test_seed_tree_is_well_formed(seed: int, count: int) -> None:
    config = EngineConfig(leaf_size=6, branching=(3, 5), merge_below=2)
    vectors = unit_grid(np.random.default_rng(seed).normal(size=(count, 4)))
    state = build_seed(vectors, config).state(classes=2)
    check_shape(state, config, settled=True)


def test_parts_of_the_seed_are_near_their_centroid() -> None:
    config = EngineConfig()
    vectors = batch_of(2000, 2, 8, np.random.default_rng(0)).embeddings
    seed = build_seed(vectors, config)
    spread = nearest_distances(vectors, seed)
    anywhere = 1.0 - vectors.astype(float) @ seed.centroids[0].astype(float)
    assert spread.mean() < 0.5 * anywhere.mean()


def test_nearest_breaks_ties_by_the_lowest_id() -> None:
    same = unit_grid([[1.0, 1.0]])
    centroids = Centroids({7: same[0], 3: same[0], 5: unit_grid([[1.0, -1.0]])[0]})
    leaf, closeness = centroids.nearest(same)
    assert leaf[0] == 3
    assert closeness[0] == pytest.approx(1.0)
    assert centroids.nearest(same, [5, 7])[0][0] == 7
    with pytest.raises(ValueError, match="no leaf"):
        centroids.nearest(same, [])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_evaluators_always_sit_in_the_nearest_leaf(seed: int) -> None:
    generator = np.random.default_rng(seed)
    validation = validation_of(60, 2, 3)
    rows = dict(enumerate(unit_grid(generator.normal(size=(6, 3)))))
    centroids = Centroids(rows)
    evaluators = Evaluators(validation, centroids)
    for new in range(6, 12):
        gone, moved = int(generator.choice(centroids.ids)), int(generator.choice(centroids.ids))
        centroids.add(new, unit_grid(generator.normal(size=(1, 3)))[0])
        centroids.move(moved, unit_grid(generator.normal(size=(1, 3)))[0])
        centroids.remove([gone])
        before = {leaf: evaluators.of(leaf) for leaf in range(12)}
        changed = evaluators.follow(centroids, {new, moved} - {gone}, {gone})
        fresh = Evaluators(validation, centroids)
        for leaf in range(12):
            assert np.array_equal(evaluators.of(leaf), fresh.of(leaf))
            assert (leaf in changed) == (not np.array_equal(before[leaf], fresh.of(leaf)))
