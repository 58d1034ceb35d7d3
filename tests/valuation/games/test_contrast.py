"""Exact Shapley values of the mean cross-label distance."""

import tracemalloc
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.valuation.embedding.grid import unit_grid
from hcdv_stream.valuation.games import contrast_contraction
from hcdv_stream.valuation.games import contrast_weights as module
from hcdv_stream.valuation.games.contrast import ContrastShapley, contrast
from hcdv_stream.valuation.games.contrast_contraction import contracted_weights
from hcdv_stream.valuation.tree.sketch import Sketch
from tests.valuation.reference import contrast as slow_contrast
from tests.valuation.reference import shapley
from tests.valuation.worlds import batch_of


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(1, 8), classes=st.integers(2, 4))
def test_equals_enumeration(seed: int, size: int, classes: int) -> None:
    examples = batch_of(size, classes, 3, np.random.default_rng(seed))
    whole = Sketch.of_examples(examples.embeddings, examples.labels, classes)
    exact = ContrastShapley.of(whole.counts, whole.embeddings)
    slow = shapley(size, lambda s: slow_contrast(s, examples.embeddings, examples.labels))
    values = exact.examples(examples.labels, examples.embeddings)
    np.testing.assert_allclose(values, slow, atol=1e-12, rtol=0)
    everyone = slow_contrast(range(size), examples.embeddings, examples.labels)
    assert contrast(whole.counts, whole.embeddings) == pytest.approx(everyone, abs=1e-12)


def test_one_read_alone_has_the_bits_of_one_read_with_others() -> None:
    examples = batch_of(500, 3, 16, np.random.default_rng(1))
    whole = Sketch.of_examples(examples.embeddings, examples.labels, 3)
    exact = ContrastShapley.of(whole.counts, whole.embeddings)
    together = exact.examples(examples.labels, examples.embeddings)
    for row in (0, 17, 499):
        alone = exact.examples(examples.labels[row : row + 1], examples.embeddings[row : row + 1])
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


def distances(classes: int, seed: int = 0) -> np.ndarray:
    means = np.random.default_rng(seed).normal(size=(classes, 4)) * 0.3
    return 1.0 - means @ means.T


def slow_foreign(far: np.ndarray, between: np.ndarray) -> list[float]:
    """Σ over pairs of classes b < c, neither of them k, one after the other."""
    classes = range(len(between))
    return [
        sum(far[k, b, c] * between[b, c] for b in classes for c in range(b) if k not in (b, c))
        for k in classes
    ]


@pytest.mark.parametrize(
    "counts", [[3, 4, 5], [0, 5, 7, 0, 2], [1, 1, 1, 1], [300, 200, 100], [600] * 10, [40, 1] * 8]
)
def test_what_is_needed_of_the_table(counts: list[int]) -> None:
    between = distances(len(counts))
    near, far = module.contrast_weights(tuple(counts))
    own = [[far[k, k, c] for c in range(len(counts))] for k in range(len(counts))]
    found = contracted_weights(np.array(counts), between)
    for mine, expected in zip(found, (near, own, slow_foreign(far, between)), strict=True):
        np.testing.assert_allclose(mine, expected, atol=1e-15, rtol=1e-12)


@pytest.mark.parametrize(
    ("counts", "most"),
    [
        ([1] * 17, 0.01),
        ([2] * 10, 0.02),
        ([5] * 6, 0.02),
        ([20, 15, 12, 9], 0.02),
        ([2000, 3, 3, 3], 0.15),
    ],
)
def test_many_classes_are_estimated_as_listing_every_part_has_it(
    counts: list[int], most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_LISTED", 200_000)
    module.contrast_weights.cache_clear()
    whole, between = np.array(counts), distances(len(counts))
    exact = contrast_contraction._tabled(whole, between)
    module.contrast_weights.cache_clear()
    for found, expected in zip(contrast_contraction._estimated(whole, between), exact, strict=True):
        error = np.sqrt(np.mean((found - expected) ** 2))
        assert error <= most * np.sqrt(np.mean(np.square(expected))) + 1e-15


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(2, 8))
def test_few_examples_of_many_classes_equal_enumeration(seed: int, size: int) -> None:
    generator = np.random.default_rng(seed)
    examples = batch_of(size, 60, 3, generator)
    whole = Sketch.of_examples(examples.embeddings, examples.labels, 60)
    exact = ContrastShapley.of(whole.counts, whole.embeddings)
    slow = shapley(size, lambda s: slow_contrast(s, examples.embeddings, examples.labels))
    values = exact.examples(examples.labels, examples.embeddings)
    np.testing.assert_allclose(values, slow, atol=1e-12, rtol=0)


@pytest.mark.parametrize("sizes", [[40] * 40, [1] * 45, [3000] + [5] * 30])
def test_values_of_many_classes_add_up_and_are_near(
    sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = np.random.default_rng(3)
    labels = np.repeat(np.arange(len(sizes)), sizes).astype(np.int16)
    centres = generator.normal(size=(len(sizes), 8))
    embeddings = unit_grid(centres[labels] + generator.normal(size=(len(labels), 8)))
    whole = Sketch.of_examples(embeddings, labels, len(sizes))

    def values() -> np.ndarray:
        coefficients = ContrastShapley.of(whole.counts, whole.embeddings)
        return coefficients.examples(labels, embeddings)

    estimated = values()
    everyone = contrast(whole.counts, whole.embeddings)
    assert estimated.sum() == pytest.approx(everyone, abs=1e-12)
    monkeypatch.setattr(module, "MOST_TABLED", 64)
    monkeypatch.setattr(contrast_contraction, "MOST_TABLED", 64)
    monkeypatch.setattr(module, "DRAWS", 40_000)
    module.contrast_weights.cache_clear()
    drawn = values()  # itself a few per cent off
    module.contrast_weights.cache_clear()
    error = np.sqrt(np.mean((estimated - drawn) ** 2))
    assert error < 0.08 * np.sqrt(np.mean(drawn**2))


def test_a_thousand_classes_take_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        contrast_contraction, "_FEWEST_DRAWS", 64
    )  # time grows with them, memory does not
    classes = 1000
    counts, generator = np.full(classes, 5), np.random.default_rng(0)
    sums = generator.normal(size=(classes, 8))
    tracemalloc.start()
    coefficients = ContrastShapley.of(counts, sums)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20 * classes * classes * 8  # C³ would be 1,000 of them
    assert np.isfinite(coefficients.offset).all()


def test_what_is_cached_is_bounded() -> None:
    for extra in range(80):
        near, far = module.contrast_weights((extra + 1, *[1] * (module.MOST_TABLED - 1)))
    held = module.contrast_weights.cache_info().currsize * (near.nbytes + far.nbytes)
    assert held < 5 << 20
    with pytest.raises(ValueError, match="too many for a table"):
        module.contrast_weights((1,) * (module.MOST_TABLED + 1))


def test_harmonic_numbers_join_up() -> None:
    by_sum = sum(1.0 / term for term in range(1, 65))
    assert module._harmonic(64) == pytest.approx(by_sum, rel=1e-15)
    assert module._harmonic(63) == pytest.approx(by_sum - 1 / 64, rel=1e-15)
