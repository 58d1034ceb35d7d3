"""Calibration by V: on scores whose odds are known, it finds the doubts that made them."""

import numpy as np
import pytest

from hcdv_stream.valuation.doubt.calibration import LEAST_TRUSTED, calibrate, calibrate_alone
from hcdv_stream.valuation.doubt.curve import BINS, binned, calibration_curve
from hcdv_stream.valuation.doubt.label_rates import ScoreCounts, label_rates


def drawn(seed, size, shares, trusted, classes=2):
    """Log-odds, labels of which a share of each right class is wrong, V's, and the true doubts.

    Odds come from normal columns, one a class, so that they are what they say.
    """
    generator = np.random.default_rng(seed)

    def rows(count):
        truth = generator.integers(0, classes, count)
        logits = 2.0 * (generator.normal(size=(count, classes)) + 2.0 * np.eye(classes)[truth])
        chances = np.exp(logits - logits.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        return chances, truth.astype(np.int16)

    chances, truth = rows(size)
    wrong = generator.random(size) < np.array(shares)[truth]
    labels = np.where(wrong, (truth + generator.integers(1, classes, size)) % classes, truth)
    theirs, trusted_labels = rows(trusted)
    return (
        (_odds(chances), labels.astype(np.int16), _odds(theirs), trusted_labels),
        wrong,
        _true_doubts(chances, labels, np.array(shares)),
    )


def _odds(chances):
    return np.log(chances) - np.log1p(-chances)


def _true_doubts(chances, labels, shares):
    """By Bayes' rule, example by example."""
    everyone = np.arange(len(labels))
    right = chances[everyone, labels] * (1.0 - shares[labels])
    spread = chances * shares / (chances.shape[1] - 1)
    wrongly = spread.sum(axis=1) - spread[everyone, labels]
    return wrongly / (right + wrongly)


def doubted(found, odds, labels):
    return found.doubts(-odds[np.arange(len(labels)), labels], labels)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shares", [(0.0, 0.3), (0.1, 0.1), (0.4, 0.05), (0.2, 0.0, 0.3)])
def test_doubts_are_those_of_bayes_rule(seed, shares):
    (odds, labels, *v), wrong, true = drawn(seed, 3000, shares, 600, len(shares))
    doubts = doubted(calibrate(odds, labels, *v), odds, labels)
    assert doubts.mean() == pytest.approx(wrong.mean(), abs=0.03)
    assert np.abs(doubts - true).mean() < 0.03
    assert binned(doubts, wrong).error < 0.04


def test_rates_are_those_that_made_the_labels():
    (odds, labels, theirs, trusted), _, _ = drawn(4, 8000, (0.05, 0.3), 2000)
    rates = label_rates(ScoreCounts.of(-odds, labels), ScoreCounts.of(-theirs, trusted), 2)
    offsets, log_slopes, missed, given, _, falls = rates.T
    np.testing.assert_allclose(1.0 / (1.0 + np.exp(missed)), [0.95, 0.7], atol=0.05)
    np.testing.assert_allclose(1.0 / (1.0 + np.exp(-given)), [0.3, 0.05], atol=0.05)
    np.testing.assert_allclose(offsets, 0.0, atol=0.3)
    np.testing.assert_allclose(np.exp(log_slopes), 1.0, atol=0.2)
    np.testing.assert_allclose(falls, 0.0, atol=0.1)


def test_v_may_hold_as_many_of_a_rare_class_as_of_others():
    """Labels all right: a class that is rarer among the examples than in V is not missed there."""
    (odds, labels, theirs, trusted), _, _ = drawn(6, 4000, (0.0, 0.0), 600)
    kept = (labels == 0) | (np.arange(4000) % 8 == 0)
    shift = np.log(8.0) * np.array([1.0, -1.0])
    odds, labels = odds[kept] + shift, labels[kept]
    doubts = doubted(calibrate(odds, labels, theirs + shift, trusted), odds, labels)
    assert doubts.mean() < 0.05


def test_a_class_that_v_explains_is_not_doubted():
    (odds, labels, *v), _, _ = drawn(5, 3000, (0.4, 0.0), 800)
    doubts = doubted(calibrate(odds, labels, *v), odds, labels)
    assert doubts[labels == 0].mean() < 0.05
    assert doubts[labels == 1].mean() > 0.2


def test_doubts_rise_with_scores():
    (odds, labels, *v), _, _ = drawn(1, 500, (0.1, 0.2), 50)
    found = calibrate(odds, labels, *v)
    ordered = np.linspace(-10, 10, 50)
    for label in (0, 1):
        doubts = found.doubts(ordered, np.full(50, label, np.int16))
        assert (np.diff(doubts) > 0).all()


def test_without_v_the_doubtful_are_those_that_score_high():
    (odds, labels, *v), wrong, _ = drawn(2, 3000, (0.1, 0.1), LEAST_TRUSTED)
    scores = -odds[np.arange(len(labels)), labels]
    alone = calibrate_alone(scores, 2)
    few = calibrate(odds, labels, *(each[:5] for each in v))
    np.testing.assert_array_equal(few.offsets, alone.offsets)
    doubts = alone.doubts(scores, labels)
    assert doubts[wrong].mean() > 3 * doubts[~wrong].mean()


def test_a_class_without_rows_in_v_gets_what_all_have():
    (odds, labels, theirs, trusted), _, _ = drawn(3, 1000, (0.2, 0.2, 0.2), 300, 3)
    only = trusted == 0
    found = calibrate(odds, labels, theirs[only], trusted[only])
    assert found.offsets[1] == pytest.approx(found.offsets[2], abs=0.01)
    found.check(3)


def test_a_tally_counts_each_row_once_for_every_class():
    scores = np.array([[-0.31, 0.31], [0.5, -99.0]])
    found = ScoreCounts.of(scores, np.array([1, 0], np.int16))
    middle = found.inside.shape[1] // 2
    assert np.argwhere(found.inside).tolist() == [[0, middle + 5], [1, middle + 3]]
    assert np.argwhere(found.outside).tolist() == [[0, middle - 3], [1, 0]]


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
    found = calibrate(odds, labels, odds, truth)
    doubts = found.doubts(scores, labels)
    planted = calibration_curve(found, odds, truth, doubts, labels)
    true = binned(doubts, wrong)
    assert planted.weight.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(planted.weight, true.weight, atol=0.03)
    assert planted.error == pytest.approx(true.error, abs=0.03)
