"""The fixed-point grid: exactness is what every bit-for-bit promise rests on."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.valuation.embedding.grid import FRACTION_BITS, cosines, on_grid, unit_grid
from hcdv_stream.valuation.tree.sketch import Sketch


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), dimensions=st.integers(1, 64))
def test_dot_products_are_exact(seed: int, dimensions: int) -> None:
    generator = np.random.default_rng(seed)
    left, right = (unit_grid(generator.normal(size=(5, dimensions))) for _ in range(2))
    found = cosines(left, right)
    for i in range(5):
        exact = sum(
            Fraction(float(a)) * Fraction(float(b)) for a, b in zip(left[i], right[i], strict=True)
        )
        assert Fraction(found[i, i]) == exact


def test_rows_are_units_on_the_grid() -> None:
    vectors = unit_grid(np.random.default_rng(0).normal(size=(200, 16)) * 1e6)
    scaled = np.ldexp(vectors.astype(np.float64), FRACTION_BITS)
    assert (scaled == np.rint(scaled)).all()
    np.testing.assert_allclose(np.linalg.norm(vectors.astype(np.float64), axis=1), 1.0, atol=1e-6)


def test_zero_stays_zero() -> None:
    assert not unit_grid(np.zeros((1, 3))).any()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        unit_grid([[1.0, bad]])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(0, 40))
def test_sketches_merge_exactly(seed: int, cut: int) -> None:
    generator = np.random.default_rng(seed)
    vectors = unit_grid(generator.normal(size=(40, 7)))
    labels = generator.integers(0, 3, 40).astype(np.int16)
    whole = Sketch.of_examples(vectors, labels, 3)
    parts = [Sketch.of_examples(vectors[s], labels[s], 3) for s in (slice(cut), slice(cut, None))]
    assert parts[0] + parts[1] == whole == parts[1] + parts[0]
    assert whole.size == 40
    exact = sum((Fraction(float(u[2])) for u in vectors[labels == 1]), Fraction(0))
    assert Fraction(whole.embeddings[1, 2]) == exact


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_on_no_grid(bad: float) -> None:
    vectors = unit_grid(np.eye(3))
    assert on_grid(vectors)
    vectors[1, 2] = bad
    assert not on_grid(vectors)
    with pytest.raises(ValueError, match="embeddings must be finite"):
        unit_grid(vectors)
