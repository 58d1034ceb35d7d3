"""Calibration by V: on scores whose odds are known, it finds the doubts that made them."""

import numpy as np
import pytest

from hcdv_stream.valuation.doubt.calibration import LEAST_TRUSTED, calibrate, calibrate_alone
from hcdv_stream.valuation.doubt.curve import BINS, binned, calibration_curve

SHIFT = 4.0
"""Right labels score N(0, 2) and wrong ones N(4, 2): the log-odds rise by 1 with the score."""


def drawn(seed, sizes, shares, trusted):
    """Scores and labels of two classes with shares of wrong labels, and V's."""
    generator = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(sizes), dtype=np.int16), sizes)
    wrong = generator.random(len(labels)) < np.array(shares)[labels]
    scores = generator.normal(SHIFT * wrong - SHIFT / 2.0, np.sqrt(SHIFT))
    trusted_labels = np.repeat(np.arange(len(sizes), dtype=np.int16), trusted)
    return (
        (scores, labels, generator.normal(-SHIFT / 2.0, np.sqrt(SHIFT), len(trusted_labels))),
        trusted_labels,
        wrong,
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shares", [(0.0, 0.3), (0.1, 0.1), (0.4, 0.05)])
def test_doubts_are_the_shares_of_wrong_labels(seed, shares):
    (scores, labels, theirs), trusted, wrong = drawn(seed, (3000, 2000), shares, 400)
    found = calibrate(scores, labels, theirs, trusted, 2)
    doubts = found.doubts(scores, labels)
    for label, share in enumerate(shares):
        assert doubts[labels == label].mean() == pytest.approx(share, abs=0.1)
    assert binned(doubts, wrong).error < 0.05


def test_a_class_that_v_explains_is_not_doubted():
    (scores, labels, theirs), trusted, _ = drawn(5, (2000, 2000), (0.0, 0.4), 500)
    doubts = calibrate(scores, labels, theirs, trusted, 2).doubts(scores, labels)
    assert doubts[labels == 0].mean() < 0.05
    assert doubts[labels == 1].mean() > 0.3


def test_doubts_rise_with_scores():
    (scores, labels, theirs), trusted, _ = drawn(1, (500, 500), (0.1, 0.2), 50)
    found = calibrate(scores, labels, theirs, trusted, 2)
    ordered = np.linspace(-10, 10, 50)
    for label in (0, 1):
        doubts = found.doubts(ordered, np.full(50, label, np.int16))
        assert (np.diff(doubts) > 0).all()


def test_without_v_the_doubtful_are_those_that_score_high():
    (scores, labels, theirs), trusted, wrong = drawn(2, (2000, 2000), (0.1, 0.1), LEAST_TRUSTED)
    alone = calibrate_alone(scores, 2)
    few = calibrate(scores, labels, theirs[:5], trusted[:5], 2)
    np.testing.assert_array_equal(few.offsets, alone.offsets)
    doubts = alone.doubts(scores, labels)
    assert doubts[wrong].mean() > 3 * doubts[~wrong].mean()


def test_a_class_without_rows_in_v_gets_what_all_have():
    (scores, labels, theirs), trusted, _ = drawn(3, (1000, 1000), (0.2, 0.2), 200)
    only = trusted == 0
    found = calibrate(scores, labels, theirs[only], trusted[only], 3)
    assert found.offsets[1] == found.offsets[2]
    found.check(3)


def test_the_error_of_a_curve_is_the_mean_distance():
    doubts = np.array([0.05, 0.05, 0.95, 0.95])
    curve = binned(doubts, np.array([False, False, True, False]))
    assert curve.error == pytest.approx(0.5 * 0.05 + 0.5 * 0.45)
    assert len(curve.doubt) == BINS
    assert [each["weight"] for each in curve.to_json()] == [0.5, 0.5]


def test_the_curve_of_planted_labels_is_that_of_flips():
    """V with every wrong label planted, against flips of a share that is drawn."""
    generator = np.random.default_rng(7)
    truth = generator.integers(0, 2, 4000).astype(np.int16)
    margin = generator.normal(1.5, 1.2, 4000)
    odds = np.stack(
        [np.where(truth == 0, margin, -margin), np.where(truth == 1, margin, -margin)], 1
    )
    wrong = generator.random(4000) < 0.2
    labels = np.where(wrong, 1 - truth, truth).astype(np.int16)
    scores = -odds[np.arange(4000), labels]
    trusted = -odds[np.arange(4000), truth]
    found = calibrate(scores, labels, trusted, truth, 2)
    doubts = found.doubts(scores, labels)
    planted = calibration_curve(found, odds, truth, doubts, labels)
    true = binned(doubts, wrong)
    assert planted.weight.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(planted.weight, true.weight, atol=0.03)
    assert planted.error == pytest.approx(true.error, abs=0.03)
