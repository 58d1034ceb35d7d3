"""Exact Shapley values of the mean cross-label distance."""

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.valuation import contrast_weights as module
from hcdv_stream.valuation.contrast import ContrastShapley, contrast
from hcdv_stream.valuation.sketch import Sketch
from tests.valuation.reference import contrast as slow_contrast
from tests.valuation.reference import shapley
from tests.valuation.worlds import batch_of


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(1, 8), classes=st.integers(2, 4))
def test_equals_enumeration(seed: int, size: int, classes: int) -> None:
    points = batch_of(size, classes, 3, np.random.default_rng(seed))
    whole = Sketch.of_points(points.embeddings, points.labels, classes)
    exact = ContrastShapley.of(whole.points, whole.embeddings)
    slow = shapley(size, lambda s: slow_contrast(s, points.embeddings, points.labels))
    values = exact.points(points.labels, points.embeddings)
    np.testing.assert_allclose(values, slow, atol=1e-12, rtol=0)
    everyone = slow_contrast(range(size), points.embeddings, points.labels)
    assert contrast(whole.points, whole.embeddings) == pytest.approx(everyone, abs=1e-12)


def test_one_read_alone_has_the_bits_of_one_read_with_others() -> None:
    points = batch_of(500, 3, 16, np.random.default_rng(1))
    whole = Sketch.of_points(points.embeddings, points.labels, 3)
    exact = ContrastShapley.of(whole.points, whole.embeddings)
    together = exact.points(points.labels, points.embeddings)
    for row in (0, 17, 499):
        alone = exact.points(points.labels[row : row + 1], points.embeddings[row : row + 1])
        assert alone[0] == together[row]


@settings(max_examples=25, deadline=None)
@given(counts=st.lists(st.integers(0, 400), min_size=3, max_size=6))
def test_estimated_weights_are_efficient(counts: list[int]) -> None:
    near, far = module.contrast_weights(tuple(counts))
    total = np.array(counts)
    pairs = (total.sum() ** 2 - (total**2).sum()) / 2
    for b in range(len(counts)):
        for c in range(b):
            found = total[b] * near[b, c] + total[c] * near[c, b] + total @ far[:, b, c]
            expected = total[b] * total[c] / pairs if pairs else 0.0
            assert found == pytest.approx(expected, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(counts=st.lists(st.integers(1, 9), min_size=3, max_size=5))
def test_listing_by_size_equals_listing_by_class(counts: list[int]) -> None:
    whole = np.array(counts)
    grid = np.stack(np.meshgrid(*[np.arange(n + 1) for n in counts], indexing="ij"), axis=-1)
    most = module._listed_size(whole)
    expected = {tuple(row) for row in grid.reshape(-1, len(counts)).tolist() if sum(row) <= most}
    parts, chance = module._listed(whole, most)
    assert len(parts) == len(expected) <= module.MOST_LISTED
    assert {tuple(row) for row in parts.astype(int).tolist()} == expected
    total = whole.sum()
    assert chance.sum() == pytest.approx((most + 1) / (total + 1), abs=1e-12)
    for part, likely in zip(parts, chance, strict=True):
        ways = np.prod([comb(n, int(a)) for n, a in zip(counts, part, strict=True)])
        by_hand = ways / comb(int(total), int(part.sum())) / (total + 1)
        assert likely == pytest.approx(by_hand, rel=1e-9)


@pytest.mark.parametrize("counts", [[20, 15, 12, 9], [300, 200, 100], [60] * 6])
def test_estimated_weights_are_near_the_listed_ones(
    counts: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    estimated, _ = module._more_classes(np.array(counts))
    monkeypatch.setattr(module, "MOST_LISTED", 200_000)
    monkeypatch.setattr(module, "DRAWS", 200_000)
    better, _ = module._more_classes(np.array(counts))
    some = better > 0
    assert np.abs(estimated[some] / better[some] - 1.0).max() < 0.05


def test_harmonic_numbers_join_up() -> None:
    by_sum = sum(1.0 / term for term in range(1, 65))
    assert module._harmonic(64) == pytest.approx(by_sum, rel=1e-15)
    assert module._harmonic(63) == pytest.approx(by_sum - 1 / 64, rel=1e-15)
