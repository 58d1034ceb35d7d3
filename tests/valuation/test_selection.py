"""Gate, then spread."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.valuation.selection import (
    MOST_AMBIGUOUS,
    MOST_DOUBTED,
    MOST_DROPPED,
    POSSIBLY_WRONG,
    PROBABLY_WRONG,
    REASONS,
    select,
    selection,
)


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


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    size=st.integers(1, 300),
    share=st.floats(0.01, 1.0),
    strategy=st.sampled_from(["spread", "top"]),
)
def test_with_doubts_too_it_takes_what_was_asked_for(
    seed: int, size: int, share: float, strategy: str
) -> None:
    generator = np.random.default_rng(seed)
    values, labels = generator.normal(size=size), generator.integers(0, 3, size)
    found = selection(
        *(values, labels, share, strategy, generator),  # type: ignore[arg-type]
        doubts=generator.random(size) ** 2,
    )
    assert len(found.rows) == len(set(found.rows)) == max(1, round(share * size))
    chosen = np.flatnonzero(found.reasons == REASONS.index("chosen"))
    np.testing.assert_array_equal(chosen, found.rows)


def test_what_is_doubted_is_dropped_and_the_reason_is_given() -> None:
    values = np.array([-1.0, -1.0, 1.0, 1.0, -1.0] + [1.0] * 15)
    doubts = np.array([0.05, 0.2, 0.2, 0.9, 0.9] + [0.0] * 15)
    labels, generator = np.zeros(20, int), np.random.default_rng(0)
    found = selection(values, labels, 0.85, "spread", generator, doubts=doubts)
    assert found.rows.tolist() == [0, 2, *range(5, 20)]
    reasons = [REASONS[place] for place in found.reasons[[1, 3, 4]]]
    assert reasons == ["doubted and of negative value", "probably wrong", "probably wrong"]
    assert POSSIBLY_WRONG < 0.2 < PROBABLY_WRONG
    more = selection(values, labels, 0.9, "spread", generator, doubts=doubts)
    assert more.rows.tolist() == [0, 1, 2, *range(5, 20)]
    fewer = selection(values, labels, 0.1, "spread", generator, doubts=doubts)
    assert np.count_nonzero(fewer.reasons == REASONS.index("not drawn")) == 15


def test_a_hard_class_is_not_emptied_by_doubts() -> None:
    values, labels = -np.ones(200), np.repeat([0, 1], 100)
    doubts = np.where(labels == 0, np.linspace(0.6, 0.9, 200), 0.0)
    rows = select(values, labels, 0.5, "spread", np.random.default_rng(0), doubts=doubts)
    kept = np.count_nonzero(labels[rows] == 0)
    assert kept == 100 - int(MOST_DOUBTED * 100)
    assert rows[:kept].tolist() == list(range(kept))


def test_where_nothing_is_doubted_and_nobody_objects_nothing_is_dropped() -> None:
    values, labels = np.linspace(0.0, 1.0, 100), np.zeros(100, int)
    found = selection(
        values, labels, 0.5, "spread", np.random.default_rng(0), doubts=np.full(100, 0.01)
    )
    assert set(found.reasons.tolist()) == {REASONS.index("chosen"), REASONS.index("not drawn")}
    assert (found.rows < 40).any()


@pytest.mark.parametrize(("objected", "dropped"), [(3, 3), (50, int(100 * MOST_AMBIGUOUS))])
def test_evaluators_say_how_many_of_the_most_doubtful_are_dropped(
    objected: int, dropped: int
) -> None:
    values = np.where(np.arange(100) < objected, -1.0, 1.0)
    doubts, labels = np.linspace(0.0, 0.09, 100), np.zeros(100, int)
    found = selection(values, labels, 0.1, "spread", np.random.default_rng(0), doubts=doubts)
    why = found.reasons == REASONS.index("among the most doubtful of its class")
    assert np.flatnonzero(why).tolist() == list(range(100 - dropped, 100))


def test_of_equal_doubts_the_lowest_values_are_dropped() -> None:
    values, labels = np.linspace(-1.0, 1.0, 100), np.zeros(100, int)
    rows = select(values, labels, 0.9, "spread", np.random.default_rng(0), doubts=np.zeros(100))
    assert rows.tolist() == list(range(10, 100))


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(1, 200), share=st.floats(0.01, 1.0))
def test_what_is_dropped_is_what_the_rule_says_one_example_at_a_time(
    seed: int, size: int, share: float
) -> None:
    generator = np.random.default_rng(seed)
    values, labels = generator.normal(0.5, size=size), generator.integers(0, 3, size)
    doubts, evaluated = generator.random(size) ** 4, generator.normal(0.5, size=size)
    found = selection(
        *(values, labels, share, "spread", generator), evaluated=evaluated, doubts=doubts
    )
    expected = _why_dropped(values, labels, evaluated, doubts)
    given = [REASONS[place] for place in found.reasons.tolist()]
    needed = max(1, round(share * size)) > expected.count("")
    for reason, rule in zip(given, expected, strict=True):
        assert (
            reason == rule
            or (reason == "chosen" and (needed or not rule))
            or (reason == "not drawn" and not rule)
        )


def _why_dropped(
    values: np.ndarray, labels: np.ndarray, evaluated: np.ndarray, doubts: np.ndarray
) -> list[str]:
    """Give the reason for each example, the empty one if it is not dropped."""
    reasons = [""] * len(values)
    for label in set(labels.tolist()):
        members = [row for row in range(len(labels)) if labels[row] == label]
        members.sort(key=lambda row: (-doubts[row], values[row]))
        gone = []
        for row in members:
            if doubts[row] > PROBABLY_WRONG:
                reason = "probably wrong"
            elif doubts[row] > POSSIBLY_WRONG and evaluated[row] < 0.0:
                reason = "doubted and of negative value"
            else:
                continue
            if len(gone) < int(MOST_DOUBTED * len(members)):
                reasons[row] = reason
                gone.append(row)
        objected = sum(evaluated[row] < 0.0 for row in members)
        for row in members:
            if len(gone) >= min(objected, int(MOST_AMBIGUOUS * len(members))):
                break
            if row not in gone:
                reasons[row] = "among the most doubtful of its class"
                gone.append(row)
    return reasons


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
