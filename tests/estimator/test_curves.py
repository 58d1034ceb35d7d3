"""Removal and addition curves."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from hcdv_stream import HCDV
from hcdv_stream.estimator.curves import addition_curve, removal_curve, trained_score
from tests.estimator.worlds import world

VALUES = np.array([3.0, np.nan, 1.0, 2.0, 4.0])


def seen(curve_of, **options):
    """Which rows are asked about."""
    asked: list[list[int]] = []

    def score(rows) -> float:
        asked.append(rows.tolist())
        return float(len(rows))

    curve = curve_of(VALUES, score, **options)
    return curve, asked


def test_removal_takes_those_that_go_first_away() -> None:
    curve, asked = seen(removal_curve, shares=(0.0, 0.25, 0.5))
    assert asked == [[0, 2, 3, 4], [0, 3, 4], [0, 4]]
    assert (curve.kind, curve.order) == ("removal", "lowest")
    np.testing.assert_array_equal(curve.scores, [4.0, 3.0, 2.0])
    _, asked = seen(removal_curve, order="highest", shares=(0.5,))
    assert asked == [[2, 3]]


def test_addition_takes_those_that_go_first() -> None:
    curve, asked = seen(addition_curve, shares=(0.25, 1.0))
    assert asked == [[4], [0, 2, 3, 4]]
    assert curve.kind == "addition"
    _, asked = seen(addition_curve, order="lowest", shares=(0.5,))
    assert asked == [[2, 3]]


def test_a_random_order_is_that_of_its_seed() -> None:
    _, first = seen(removal_curve, order="random", shares=(0.5,), seed=1)
    _, again = seen(removal_curve, order="random", shares=(0.5,), seed=1)
    assert first == again
    assert 1 not in first[0]
    others = [seen(removal_curve, order="random", shares=(0.5,), seed=s)[1] for s in range(2, 9)]
    assert any(other != first for other in others)


@pytest.mark.parametrize(
    ("curve_of", "options", "message"),
    [
        (removal_curve, {"shares": (1.0,)}, "must leave somebody"),
        (addition_curve, {"shares": (0.0,)}, "must add somebody"),
        (removal_curve, {"shares": ()}, "must lie in"),
        (removal_curve, {"shares": (-0.1,)}, "must lie in"),
        (removal_curve, {"order": "best"}, "order must be"),
    ],
)
def test_what_makes_no_curve_is_refused(curve_of, options, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        seen(curve_of, **options)


def test_least_valuable_samples_are_not_missed() -> None:
    data = world(500, seed=4)
    values = HCDV(encoder="identity").fit(*data[:4]).value(lam=1.0)
    test = world(1000, seed=4)
    score = trained_score(
        LogisticRegression(C=100.0), data.X, data.y, test.X_val, test.y_val, scoring="accuracy"
    )
    shares = (0.0, 0.3)
    lowest = removal_curve(values, score, "lowest", shares).scores
    highest = removal_curve(values, score, "highest", shares).scores
    assert lowest[0] == highest[0]
    assert lowest[1] > highest[1] + 0.1


def test_rows_of_one_class_answer_that_class() -> None:
    score = trained_score(
        LogisticRegression(), np.eye(3), ["a", "a", "b"], np.eye(3), ["a", "a", "b"]
    )
    assert score(np.array([0, 1])) == 0.5
