"""The alarm that V and what arrives diverge: its steps, its bound, its delay."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcdv_stream.valuation.drift.divergence import (
    MOST_COMPARED,
    MOST_PROVIDERS,
    THRESHOLD,
    UNIT,
    Divergence,
    Expected,
    agreement_shares,
    step,
)
from hcdv_stream.valuation.drift.drift import BASELINE_ARRIVALS, UNKNOWN, Drift
from hcdv_stream.valuation.embedding.grid import unit_grid
from hcdv_stream.valuation.tree.evaluators import ABSENT

NEIGHBOURS = 5


def slow_share(
    embedding: npt.NDArray, label: int, trusted: npt.NDArray, labels: npt.NDArray, k: int
) -> float:
    """Mean over all orders of the ties: each order of equally near ones is as good as another."""
    near = [
        (float(embedding.astype(float) @ one.astype(float)), int(its) == label)
        for one, its in zip(trusted, labels, strict=True)
        if its != ABSENT
    ]
    near.sort(key=lambda pair: -pair[0])
    k = min(k, len(near))
    last = near[k - 1][0]
    ahead = [match for closeness, match in near if closeness > last]
    tied = [match for closeness, match in near if closeness == last]
    return (sum(ahead) + (k - len(ahead)) * sum(tied) / len(tied)) / k


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 4))
def test_shares_equal_the_definition_with_ties_and_absent_rows(
    seed: int, size: int, kinds: int
) -> None:
    generator = np.random.default_rng(seed)
    places = unit_grid(generator.normal(size=(kinds, 3)))
    trusted = places[generator.integers(0, kinds, size)]
    labels = generator.integers(0, 2, size).astype(np.int16)
    labels[1:][generator.random(size - 1) < 0.3] = ABSENT
    rows = unit_grid(generator.normal(size=(4, 3)))
    own = generator.integers(0, 2, 4).astype(np.int16)
    shares = agreement_shares(rows, own, trusted, labels, NEIGHBOURS)
    expected = [
        slow_share(row, int(label), trusted, labels, NEIGHBOURS)
        for row, label in zip(rows, own, strict=True)
    ]
    np.testing.assert_allclose(shares / UNIT, expected, atol=4 / UNIT)
    order = generator.permutation(size)
    again = agreement_shares(rows, own, trusted[order], labels[order], NEIGHBOURS)
    assert again.tolist() == shares.tolist()


@given(
    st.integers(0, UNIT),
    st.integers(0, 20 * UNIT),
    st.lists(st.tuples(st.integers(0, UNIT), st.integers(1, 100)), min_size=1, max_size=6),
)
def test_no_step_is_in_favour_of_an_alarm_at_the_baseline(
    mean: int, bet: int, agreements: list[tuple[int, int]]
) -> None:
    """E exp(step) is at most 1 for agreements of that mean or more: Lorden's bound needs it."""
    total = sum(weight for _, weight in agreements)
    found = sum(share * weight for share, weight in agreements) // total
    expected = Expected(min(mean, found), bet)
    factors = [(math.exp(step(share, expected) / UNIT), weight) for share, weight in agreements]
    assert sum(factor * weight for factor, weight in factors) / total <= 1.0 + 1e-9


class Stream:
    """Arrivals of one class in two places, one where V agrees and one where it does not."""

    def __init__(self, seed: int, classes: int = 2) -> None:
        self.generator = np.random.default_rng(seed)
        self.places = unit_grid(np.eye(2))
        self.panel = np.repeat(self.places, 10, axis=0), np.repeat([0, 1], 10).astype(np.int16)
        self.divergence = Divergence(classes, NEIGHBOURS, Drift())
        self.count = 0

    def send(
        self, count: int, agreement: float, provider: str | None = None, label: int = 0
    ) -> int | None:
        """Send arrivals; return how many it took until the class's alarm, None without one."""
        for number in range(count):
            agrees = self.generator.random() < agreement
            place = self.places[[label if agrees else 1 - label]]
            self.divergence.compare(
                ([f"s{self.count}"], np.array([label], np.int16), place),
                [provider],
                np.array([1e9 + self.count]),
                self.count,
                self.panel,
            )
            self.count += 1
            if self.divergence.classes[label].since is not None:
                return number + 1
        return None


def test_nothing_is_said_before_the_baseline_is_learnt() -> None:
    stream = Stream(0)
    assert stream.send(BASELINE_ARRIVALS - 1, 0.8) is None
    assert stream.divergence.classes[0].baseline == UNKNOWN
    stream.send(1, 0.8)
    assert 0.65 < stream.divergence.classes[0].baseline / UNIT < 0.85


@pytest.mark.parametrize("seed", range(3))
def test_a_fall_raises_the_alarm_soon_and_a_recovery_ends_it(seed: int) -> None:
    stream = Stream(100 + seed)
    assert stream.send(2000, 0.85) is None
    delay = stream.send(1000, 0.6)
    assert delay is not None
    assert delay < 400
    began = stream.divergence.classes[0]
    assert began.alarms == 1
    assert began.evidence == THRESHOLD
    for _ in range(2000):
        stream.send(1, 0.85)
    assert stream.divergence.classes[0].since is None
    assert stream.divergence.classes[0].alarms == 1


@pytest.mark.parametrize("seed", range(5))
def test_a_class_that_stays_as_it_was_raises_no_alarm(seed: int) -> None:
    assert Stream(200 + seed).send(6000, 0.7) is None


def test_a_provider_whose_labels_turn_wrong_is_named_alone() -> None:
    stream = Stream(7)
    for turn in range(3000):
        bad = 0.35 if turn > 1500 else 0.85
        stream.send(1, bad if turn % 10 == 0 else 0.85, "bad" if turn % 10 == 0 else "good")
    found = dict(stream.divergence.providers)
    assert found["bad"].since is None  # 150 of its sessions are not enough for a baseline
    for turn in range(6000):
        bad = 0.35 if turn > 3000 else 0.85
        stream.send(1, bad if turn % 10 == 0 else 0.85, "worse" if turn % 10 == 0 else "good")
    found = dict(stream.divergence.providers)
    assert found["worse"].since is not None
    assert found["good"].since is None
    assert stream.divergence.classes[0].since is None


def test_other_classes_than_before_are_no_divergence_of_a_provider() -> None:
    """Class 0 agrees at 0.9, class 1 at 0.5; the provider sends the first, then the second."""
    stream = Stream(11)
    stream.send(1500, 0.9)
    stream.send(1500, 0.5, label=1)
    stream.send(1000, 0.9, "mixed")
    stream.send(3000, 0.5, "mixed", label=1)
    assert dict(stream.divergence.providers)["mixed"].since is None


def test_the_providers_that_were_silent_longest_are_let_go() -> None:
    stream = Stream(3)
    stream.send(BASELINE_ARRIVALS, 0.8)
    for number in range(MOST_PROVIDERS + 5):
        stream.send(1, 1.0, f"p{number:04d}")
    names = [name for name, _ in stream.divergence.providers]
    assert len(names) == MOST_PROVIDERS
    assert names[0] == "p0005"


def test_a_new_panel_begins_a_new_baseline_and_the_old_one_serves_until_it_is_learnt() -> None:
    stream = Stream(5)
    stream.send(1000, 0.9)
    usual = stream.divergence.classes[0].baseline
    for _ in range(10):
        stream.divergence.turn_over(0, 10)
    begun = stream.divergence.classes[0]
    assert (begun.baseline, begun.seen) == (usual, 0)
    delay = stream.send(BASELINE_ARRIVALS - 1, 0.2)
    assert delay is not None, "a class is not deaf while it learns"
    for _ in range(BASELINE_ARRIVALS):
        stream.send(1, 0.2)
    assert 0.05 < stream.divergence.classes[0].baseline / UNIT < 0.3
    for _ in range(1000):
        stream.send(1, 0.2)
    assert stream.divergence.classes[0].since is None, "V has followed"
    assert stream.divergence.classes[0].alarms == 1


@pytest.mark.parametrize("seed", range(3))
def test_other_evaluators_may_agree_a_little_less(seed: int) -> None:
    """V has 10 of the class: another V of that size may well agree at 0.65 instead of 0.8."""
    resting, moved = Stream(300 + seed), Stream(300 + seed)
    for stream in (resting, moved):
        stream.send(BASELINE_ARRIVALS, 0.8)
    for _ in range(9):
        moved.divergence.turn_over(0, 10)
    assert resting.send(3000, 0.65) is not None
    assert moved.send(3000, 0.65) is None
    assert moved.send(1000, 0.2) is not None


def test_of_a_large_panel_a_share_of_the_arrivals_is_compared() -> None:
    stream = Stream(9)
    times = 8
    panel, labels = stream.panel
    repeat = times * MOST_COMPARED // len(labels) + 1
    stream.panel = np.repeat(panel, repeat, axis=0), np.repeat(labels, repeat)
    ids = [f"x{number}" for number in range(400)]
    place = np.repeat(stream.places[[0]], 400, axis=0)
    arrivals = ids, np.zeros(400, np.int16), place
    stream.divergence.compare(arrivals, [None] * 400, np.full(400, 1e9), 0, stream.panel)
    assert 400 / times / 2 < stream.divergence.classes[0].seen < 400 / times * 2
