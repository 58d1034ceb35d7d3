"""What the methods make of arrays: the formulas of the core, in the order of X."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from hcdv_stream.estimator.embedders import FunctionEmbedder
from hcdv_stream.methods import (
    HCDV,
    Algorithm1,
    DataBanzhaf,
    DataOOB,
    DataShapley,
    Evaluations,
    GroupShapley,
    KNNShapley,
    LeaveOneOut,
    OwenValue,
    RandomValues,
    Rounds,
)
from hcdv_stream.valuation.methods.baselines.knn_shapley import knn_shapley
from hcdv_stream.valuation.validation import Validation
from tests.estimator.worlds import World, world


@pytest.fixture(scope="module")
def data() -> World:
    return world(120)


def test_knn_shapley_is_the_cores(data: World) -> None:
    fitted = KNNShapley("identity").fit(*data[:4])
    embedder, (embeddings, _) = FunctionEmbedder.fit(None, data.X, np.arange(120))
    codes, judges = ((each == "yes").astype(np.int16) for each in (data.y, data.y_val))
    validation = Validation(embedder.embed(data.X_val, 0).embeddings, judges)
    expected = knn_shapley(embeddings, codes, validation, 5, np.full(2, 0.5))
    np.testing.assert_array_equal(fitted.values_, expected)


def test_a_share_may_become_v(data: World) -> None:
    fitted = DataBanzhaf("identity", validation_share=0.25, until=Rounds(2))
    fitted.fit(data.X, data.y, ids=[f"e{row}" for row in range(120)])
    inside = np.isnan(fitted.values_)
    assert inside.sum() == 30
    np.testing.assert_array_equal(inside, fitted.labels_ == -1)
    np.testing.assert_array_equal(inside, np.isnan(fitted.stderr_))
    assert not inside[fitted.select(0.8)].any()
    assert fitted.to_frame().loc["e7", ["label", "value"]].isna().all() == inside[7]
    said = fitted.provenance_
    assert (said["examples"], said["validation_examples"], said["rounds"]) == (90, 30, 2)
    by_hand = DataBanzhaf("identity", until=Rounds(2)).fit(
        data.X[~inside], data.y[~inside], data.X[inside], data.y[inside]
    )
    np.testing.assert_allclose(fitted.values_[~inside], by_hand.values_, atol=1e-9)


def test_without_v_a_method_that_needs_it_says_so(data: World) -> None:
    with pytest.raises(ValueError, match="LeaveOneOut needs a V: give X_val and y_val, or a"):
        LeaveOneOut("identity").fit(data.X, data.y)
    assert len(DataOOB(trees=5).fit(data.X, data.y).values_) == 120


def test_any_classifier_is_a_learner(data: World) -> None:
    until = Evaluations(60)
    named = DataShapley("identity", learner=LogisticRegression(), until=until).fit(*data[:4])
    again = DataShapley("identity", learner=LogisticRegression(), until=until).fit(*data[:4])
    np.testing.assert_array_equal(named.values_, again.values_)
    assert named.provenance_["parameters"]["learner"] == "LogisticRegression()"
    with pytest.raises(
        ValueError, match=r"learner must be one of ridge, .* or a scikit-learn classifier .*, got 3"
    ):
        named.set_params(learner=3).fit(*data[:4])
    with pytest.raises(ValueError, match=r"learner must be one of ridge, .*, got 'oracle'"):
        named.set_params(learner="oracle").fit(*data[:4])
    np.testing.assert_array_equal(named.values_, again.values_)


def test_groups(data: World) -> None:
    provider = ["me"] * 60 + ["you"] * 58 + [None] * 2
    by_provider = GroupShapley("identity", groups="provider").fit(*data[:4], provider=provider)
    assert len(set(by_provider.values_.tolist())) <= 4
    assert by_provider.values_.sum() == pytest.approx(by_provider.total_)
    by_cluster = GroupShapley("identity", groups="cluster").fit(*data[:4])
    assert 1 < len(set(by_cluster.values_.tolist())) <= 4
    with pytest.raises(ValueError, match="groups must be one of label, cluster, provider"):
        by_cluster.set_params(groups="colour").fit(*data[:4])


@pytest.mark.parametrize("method", [Algorithm1, OwenValue])
def test_hierarchies(data: World, method: Any) -> None:
    fitted = method("identity", levels=(3, 2), until=Rounds(1), lam=0.2).fit(*data[:4])
    assert fitted.values_.sum() == pytest.approx(fitted.total_)
    assert fitted.levels_.described == "1/3/6"
    frame = fitted.to_frame()
    assert frame["leaf"].nunique() == frame["path"].nunique() == 6


def test_random_values_are_seeded(data: World) -> None:
    one, two = (RandomValues(random_state=seed).fit(data.X, data.y) for seed in (1, 2))
    assert not np.array_equal(one.values_, two.values_)
    np.testing.assert_array_equal(
        one.values_, RandomValues(random_state=1).fit(data.X, data.y).values_
    )


def test_a_frame_may_hold_text_and_gaps(data: World) -> None:
    frame = pd.DataFrame(data.X, columns=list("abcdef"))
    frame["colour"] = np.where(data.X[:, 0] > 0, "red", "blue")
    frame.loc[::7, "b"] = np.nan
    val = frame.iloc[:30].copy()
    val.loc[3, "a"] = np.nan
    val.loc[4, "colour"] = None
    quick = {"epochs": 2, "dimensions": 4}
    for method in (
        DataOOB(trees=20),
        RandomValues(),
        KNNShapley(encoder_options=quick),
        HCDV(encoder_options=quick),
    ):
        fitted = method.fit(frame, data.y, val, data.y[:30])
        assert np.isfinite(fitted.values_).all()
        assert list(fitted.feature_names_in_) == list(frame.columns)
