"""Gate, then spread."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.valuation.selection import MOST_DROPPED, select


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    size=st.integers(1, 300),
    share=st.floats(0.01, 1.0),
    strategy=st.sampled_from(["spread", "top"]),
)
def test_takes_what_was_asked_for(seed: int, size: int, share: float, strategy: str) -> None:
    generator = np.random.default_rng(seed)
    values, labels = generator.normal(size=size), generator.integers(0, 3, size)
    rows = select(values, labels, share, strategy, generator)  # type: ignore[arg-type]
    assert len(rows) == len(set(rows)) == max(1, round(share * size))
    assert (np.diff(rows) > 0).all()


def test_spread_draws_what_does_no_harm_and_evenly() -> None:
    generator = np.random.default_rng(0)
    values = generator.normal(size=4000) + 1.0
    labels = (generator.random(4000) < 0.2).astype(int)
    rows = select(values, labels, 0.2, "spread", generator)
    assert np.bincount(labels[rows]).tolist() == [400, 400]
    assert values[rows].min() >= 0.0
    assert np.median(values[rows]) < np.median(np.sort(values)[-800:])


def test_spread_drops_a_bounded_part_of_a_class_that_is_all_harmful() -> None:
    values = np.concatenate([np.linspace(-2.0, -1.0, 100), np.linspace(0.1, 1.0, 100)])
    labels = np.repeat([0, 1], 100)
    rows = select(values, labels, 0.7, "spread", np.random.default_rng(0))
    assert np.count_nonzero(labels[rows] == 0) == round((1 - MOST_DROPPED) * 100)
    assert rows.min() == MOST_DROPPED * 100


def test_what_is_judged_to_do_harm_says_how_many_are_dropped_and_values_which() -> None:
    values = np.arange(1.0, 11.0)
    evaluated = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, -1.0, -1.0])
    labels, generator = np.zeros(10, int), np.random.default_rng(0)
    rows = select(values, labels, 0.8, "spread", generator, evaluated=evaluated)
    assert rows.tolist() == [2, 3, 4, 5, 6, 7, 8, 9]


def test_top_takes_the_highest() -> None:
    values = np.array([3.0, 1.0, 2.0, 5.0])
    rows = select(values, np.zeros(4, int), 0.5, "top", np.random.default_rng(0))
    assert rows.tolist() == [0, 3]


def test_a_strategy_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="must be spread or top, got 'best'"):
        select(np.ones(3), np.ones(3, int), 0.5, "best", np.random.default_rng(0))  # type: ignore[arg-type]


@pytest.mark.parametrize("share", [0.0, 1.5])
def test_shares_out_of_range_are_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        select(np.ones(3), np.ones(3, int), share, "top", np.random.default_rng(0))
