"""Doubts of an estimator's examples."""

import pickle

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from hcdv_stream import HCDV
from tests.estimator.worlds import World, world


@pytest.fixture(scope="module")
def data() -> World:
    return world(300)


@pytest.fixture(scope="module")
def fitted(data: World) -> HCDV:
    return HCDV(encoder="identity").fit(*data[:4])


def test_doubts_find_the_wrong_labels(data: World, fitted: HCDV) -> None:
    assert fitted.doubt_.shape == (300,)
    assert fitted.doubt_evidence_ == "validation"
    assert 0.0 <= fitted.doubt_.min() <= fitted.doubt_.max() <= 1.0
    assert roc_auc_score(data.flipped, fitted.doubt_) > 0.8


def test_issues_are_those_above_the_threshold(data: World, fitted: HCDV) -> None:
    issues = fitted.find_label_issues(0.3)
    assert set(issues.indices.tolist()) == set(np.flatnonzero(fitted.doubt_ > 0.3).tolist())
    assert (np.diff(issues.doubt) <= 0.0).all()
    np.testing.assert_array_equal(issues.given, data.y[issues.indices])
    np.testing.assert_array_equal(issues.value, fitted.values_[issues.indices])
    assert (issues.suggested != issues.given).all()
    assert all("the models give this label trees " in each for each in issues.why)
    assert len(issues) == len(issues.to_frame())
    assert len(fitted.find_label_issues(1.0)) == 0
    with pytest.raises(ValueError, match=r"threshold must lie in \[0, 1\], got 1.5"):
        fitted.find_label_issues(1.5)


def test_calibrated_values_keep_the_order_within_a_class(data: World, fitted: HCDV) -> None:
    values = fitted.value(scale="calibrated")
    assert 0.0 <= values.min() <= values.max() <= 1.0
    for label in ("no", "yes"):
        rows = np.flatnonzero(data.y == label)
        ordered = values[rows[np.argsort(fitted.values_[rows])]]
        assert (np.diff(ordered) >= 0.0).all()
    found = average_precision_score(data.flipped, -values)
    assert found > 0.8 * average_precision_score(data.flipped, -fitted.values_)
    with pytest.raises(ValueError, match="has no standard errors"):
        fitted.value(scale="calibrated", return_stderr=True)
    with pytest.raises(ValueError, match="scale must be shapley or calibrated"):
        fitted.value(scale="log")


def test_later_examples_are_doubted_by_the_models_of_the_fit(data: World) -> None:
    X, y, X_val, y_val, _ = data
    whole = HCDV(encoder="identity", leaf_size=64).fit(X[:200], y[:200], X_val, y_val)
    first = whole.doubt_
    whole.partial_fit(X[200:], y[200:])
    assert whole.doubt_[:200].tobytes() == first.tobytes()
    one_by_one = HCDV(encoder="identity", leaf_size=64).fit(X[:200], y[:200], X_val, y_val)
    one_by_one.partial_fit(X[200:203], y[200:203]).partial_fit(X[203:], y[203:])
    assert one_by_one.doubt_.tobytes() == whole.doubt_.tobytes()
    replaced = whole.doubt_[250]
    other = "no" if y[250] == "yes" else "yes"
    whole.partial_fit(X[250:251], [other], ids=[250])
    assert whole.doubt_[250] != replaced
    whole.forget([0])
    assert whole.doubt_.tobytes() == np.delete(whole.doubt_, []).tobytes()
    assert len(whole.doubt_) == 299
    again = pickle.loads(pickle.dumps(whole))
    assert again.doubt_.tobytes() == whole.doubt_.tobytes()


def test_examples_that_became_v_are_not_doubted(data: World) -> None:
    part = HCDV(encoder="identity", validation_share=0.2).fit(data.X, data.y)
    np.testing.assert_array_equal(np.isnan(part.doubt_), np.isnan(part.values_))
    assert not np.isin(part.find_label_issues(0.0).indices, np.flatnonzero(part.labels_ < 0)).any()


def test_without_v_the_evidence_is_the_examples(data: World) -> None:
    alone = HCDV(encoder="identity").fit(data.X, data.y)
    assert alone.doubt_evidence_ == "examples"
    assert roc_auc_score(data.flipped, alone.doubt_) > 0.7


def test_a_providers_wrong_block_is_doubted() -> None:
    X, y, X_val, y_val, _ = world(400, seed=3)
    names = [f"shop {row % 4}" for row in range(400)]
    wrong = np.arange(400) % 4 == 0
    y = np.where(wrong, np.where(y == "yes", "no", "yes"), y)
    model = HCDV(encoder="identity").fit(X, y, X_val, y_val, provider=names)
    assert model.doubt_[wrong].mean() > 2 * model.doubt_[~wrong].mean()


def test_a_selection_leaves_out_what_is_doubted_and_says_so(data: World, fitted: HCDV) -> None:
    rows, reasons = fitted.select(0.4, return_reasons=True)
    np.testing.assert_array_equal(rows, fitted.select(0.4))
    assert set(np.flatnonzero(reasons == "chosen").tolist()) == set(rows.tolist())
    assert fitted.doubt_[rows].max() <= 0.5
    assert (fitted.doubt_[reasons == "probably wrong"] > 0.5).all()
    assert data.flipped[rows].mean() < data.flipped.mean() / 2
