"""What ``fit`` takes: arrays, frames, functions as encoders, and what it refuses."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from hcdv_stream import HCDV
from tests.estimator.worlds import World, world

QUICK = {"epochs": 4, "dimensions": 4}


@pytest.fixture(scope="module")
def data() -> World:
    return world()


def frame_of(data: World) -> pd.DataFrame:
    frame = pd.DataFrame(data.X, columns=[f"feature {place}" for place in range(6)])
    frame["colour"] = np.where(data.X[:, 0] > 0, "red", "blue")
    frame["kind"] = pd.Categorical(np.where(data.X[:, 1] > 0, "a", "b"))
    frame["member"] = data.X[:, 2] > 0
    frame.loc[::7, "feature 3"] = np.nan
    frame.loc[::5, "colour"] = None
    return frame


def test_a_frame_may_hold_text_and_gaps(data: World) -> None:
    frame = frame_of(data)
    hcdv = HCDV(encoder_options=QUICK).fit(frame, data.y)
    assert hcdv.n_features_in_ == 9
    assert list(hcdv.feature_names_in_) == list(frame.columns)
    assert np.isfinite(hcdv.values_).all()
    assert hcdv.provenance_["encoder"]["epochs"] <= 4
    hcdv.partial_fit(frame.iloc[:5], data.y[:5])
    assert len(hcdv.values_) == 405
    with pytest.raises(ValueError, match="feature names should match"):
        hcdv.partial_fit(frame.rename(columns={"kind": "sort"}), data.y)


def test_a_frame_of_numbers_is_an_embedding_too(data: World) -> None:
    frame = pd.DataFrame(data.X, columns=list("abcdef"))
    by_frame = HCDV(encoder="identity").fit(frame, pd.Series(data.y))
    by_array = HCDV(encoder="identity").fit(data.X, data.y)
    assert list(by_frame.feature_names_in_) == list("abcdef")
    np.testing.assert_array_equal(by_frame.values_, by_array.values_)


def test_the_contrastive_encoder_takes_gaps_where_there_were_some(data: World) -> None:
    X = data.X.copy()
    X[::9, 2] = np.nan
    hcdv = HCDV(encoder_options=QUICK).fit(X, data.y, data.X_val, data.y_val)
    assert np.isfinite(hcdv.values_).all()
    hcdv.partial_fit(X[:1], data.y[:1])
    assert len(hcdv.values_) == 401


def mean_and_rare(frame: pd.DataFrame, column: str) -> Any:
    """What a gap counts as in a column that had none: the mean, or a category never seen."""
    return frame[column].mean() if column.startswith("feature") else "never seen"


@pytest.mark.parametrize("column", ["feature 0", "kind", "colour"])
def test_validation_and_later_rows_may_have_gaps_where_the_first_rows_had_none(
    data: World, column: str
) -> None:
    frame = frame_of(data).assign(colour=np.where(data.X[:, 0] > 0, "red", "blue"))
    frame["kind"] = frame["kind"].astype(object)
    val = frame.iloc[:40].reset_index(drop=True)
    later = frame.iloc[40:50]
    gaps, filled = val.copy(), val.copy()
    gaps.loc[3:7, column] = None
    filled.loc[3:7, column] = mean_and_rare(frame, column)
    hcdv, other = (
        HCDV(encoder_options=QUICK)
        .fit(frame, data.y, each, data.y[:40])
        .partial_fit(later.assign(**{column: later_value}), data.y[40:50])
        for each, later_value in ((gaps, None), (filled, mean_and_rare(frame, column)))
    )
    assert len(hcdv.values_) == 410
    np.testing.assert_array_equal(hcdv.values_, other.values_)


def test_an_arrays_gaps_may_come_later_too(data: World) -> None:
    X_val = data.X_val.copy()
    X_val[::3, 1] = np.nan
    hcdv = HCDV(encoder_options=QUICK).fit(data.X, data.y, X_val, data.y_val)
    filled = np.where(np.isnan(X_val), data.X.mean(axis=0), X_val)
    other = HCDV(encoder_options=QUICK).fit(data.X, data.y, filled, data.y_val)
    np.testing.assert_allclose(hcdv.values_, other.values_, atol=1e-9)
    hcdv.partial_fit(X_val[:1], data.y_val[:1])
    assert np.isfinite(hcdv.values_).all()


def test_a_function_gets_x_as_it_is(data: World) -> None:
    texts = [" ".join(f"{number:.3f}" for number in row) for row in data.X]

    def read(lines: list[str]) -> Any:
        return [[float(word) for word in line.split()] for line in lines]

    by_text = HCDV(encoder=read).fit(texts, data.y)
    by_number = HCDV(encoder="identity").fit(np.round(data.X, 3), data.y)
    np.testing.assert_array_equal(by_text.values_, by_number.values_)
    by_text.partial_fit(texts[:3], data.y[:3])
    assert len(by_text.values_) == 403
    images = data.X.reshape(-1, 2, 3)
    by_image = HCDV(encoder=lambda X: X.reshape(len(X), -1)).fit(images, data.y)
    assert by_image.provenance_["parameters"]["encoder"].endswith("<lambda>")


def test_a_function_may_take_sparse_rows(data: World) -> None:
    hcdv = HCDV(encoder=lambda X: X.toarray()).fit(csr_array(data.X), data.y)
    assert hcdv.n_features_in_ == 6
    np.testing.assert_array_equal(
        hcdv.values_, HCDV(encoder="identity").fit(data.X, data.y).values_
    )


def test_huge_numbers_do_not_overflow(data: World) -> None:
    X = data.X.copy()
    X[0], X[1] = 1e300, -1e300
    assert np.isfinite(HCDV(encoder="identity").fit(X, data.y).values_).all()


@pytest.mark.parametrize(
    ("outputs", "message"),
    [(np.zeros(400), "one row of numbers"), (np.full((400, 2), np.nan), "must be finite")],
)
def test_a_function_must_give_an_embedding(data: World, outputs: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        HCDV(encoder=lambda _: outputs).fit(data.X, data.y)


def test_peers_alone_judge_where_there_is_no_validation_set(data: World) -> None:
    alone = HCDV(encoder="identity").fit(data.X, data.y)
    np.testing.assert_array_equal(alone.values_, alone.value(beta=1.0))
    assert alone.provenance_["validation_examples"] == 0


def test_a_share_may_judge_the_others(data: World) -> None:
    hcdv = HCDV(encoder="identity", validation_share=0.2).fit(data.X, data.y)
    judges = np.isnan(hcdv.values_)
    assert judges.sum() == 80
    np.testing.assert_array_equal(judges, hcdv.leaves_ == -1)
    by_hand = HCDV(encoder="identity").fit(
        data.X[~judges], data.y[~judges], data.X[judges], data.y[judges]
    )
    np.testing.assert_allclose(hcdv.values_[~judges], by_hand.values_, atol=1e-12)
    assert not judges[hcdv.select(0.9)].any()
    assert hcdv.to_frame()["path"].isna().sum() == 80
    with pytest.raises(ValueError, match="validation example, which stays"):
        hcdv.forget([int(np.flatnonzero(judges)[0])])
    with pytest.raises(ValueError, match="validation example"):
        hcdv.partial_fit(data.X[judges][:1], data.y[:1], ids=np.flatnonzero(judges)[:1])


def test_providers_do_not_judge_their_own(data: World) -> None:
    one = HCDV(encoder="identity", lam=0.0).fit(data.X, data.y, provider=["me"] * 400)
    np.testing.assert_array_equal(one.values_, np.zeros(400))
    nobody = [None, float("nan")] * 200
    several = HCDV(encoder="identity").fit(data.X, data.y, provider=nobody)
    unnamed = HCDV(encoder="identity").fit(data.X, data.y)
    np.testing.assert_array_equal(several.values_, unnamed.values_)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"encoder": "magic"}, "encoder must be"),
        ({"game": "chess"}, "game must be one of routed, algorithm1"),
        ({"peers": "none"}, "peers must be"),
        ({"utility": "best"}, "utility must be"),
        ({"utility": "class:maybe"}, "class 'maybe'"),
        ({"beta": 2.0}, "beta must be a number of at least 0 and at most 1, or None, got 2.0"),
        ({"lam": -1.0}, "lam must be a number of at least 0"),
        ({"leaf_size": 2}, "leaf_size must be"),
        ({"tau": 3.0}, "tau must be"),
        ({"validation_share": 1.0}, "validation_share must be a number of at least 0 and below 1"),
        ({"game": "algorithm1"}, "algorithm1 has no peers"),
    ],
)
def test_parameters_out_of_range_are_named(
    data: World, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        HCDV(**({"encoder": "identity"} | parameters)).fit(data.X, data.y)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"X_val": np.zeros((2, 6))}, "given together"),
        ({"X_val": np.zeros((2, 6)), "y_val": ["no", "maybe"]}, "'maybe'"),
        ({"X_val": np.zeros((2, 5)), "y_val": ["no", "yes"]}, "X_val has 5 features"),
        ({"ids": ["a"] * 400}, "ids must differ"),
        ({"ids": [1]}, "ids must have one entry for each example: it has 1 for 400"),
        ({"provider": ["me"]}, "provider must have one entry for each example"),
    ],
)
def test_arguments_that_do_not_fit_are_named(
    data: World, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        HCDV(encoder="identity").fit(data.X, data.y, **arguments)


def test_one_class_is_refused(data: World) -> None:
    with pytest.raises(ValueError, match="1 class"):
        HCDV(encoder="identity").fit(data.X, np.zeros(400))


def test_a_refit_that_fails_leaves_the_last_fit(data: World) -> None:
    hcdv = HCDV(encoder="identity").fit(data.X, data.y)
    before = hcdv.values_
    with pytest.raises(ValueError, match="'perhaps'"):
        hcdv.set_params(utility="class:perhaps").fit(data.X, np.where(data.y == "no", "n", "y"))
    hcdv.set_params(utility="balanced")
    np.testing.assert_array_equal(hcdv.values_, before)
    assert list(hcdv.classes_) == ["no", "yes"]
    with pytest.raises(ValueError, match="'perhaps'"):
        HCDV(encoder="identity", utility="class:perhaps").fit(data.X, data.y)


def test_weights_may_be_set_after_a_fit(data: World) -> None:
    hcdv = HCDV(encoder="identity").fit(data.X, data.y)
    weighed = hcdv.value(utility="accuracy", lam=0.4)
    hcdv.set_params(utility="accuracy", lam=0.4)
    np.testing.assert_array_equal(hcdv.values_, weighed)


def test_ids_come_back_as_they_were_given(data: World) -> None:
    mixed = [1, "b", (2, 3), *range(10, 407)]
    hcdv = HCDV(encoder="identity").fit(data.X, data.y, ids=mixed)
    assert list(hcdv.ids_) == mixed
    hcdv.forget(["b", (2, 3)])
    assert list(hcdv.ids_) == [1, *range(10, 407)]
    pairs = [(row, "a") for row in range(400)]
    assert list(HCDV(encoder="identity").fit(data.X, data.y, ids=pairs).ids_) == pairs


def test_gaps_among_providers_are_nobody(data: World) -> None:
    named = pd.Series(["me", pd.NA, None, "you"] * 100, dtype="string")
    hcdv = HCDV(encoder="identity").fit(data.X, data.y, provider=named)
    assert set(hcdv.provider_values_) == {"me", "you"}


def leaves(samples: int, classes: int = 2, **parameters: Any) -> int:
    generator = np.random.default_rng(1)
    X, y = generator.normal(size=(samples, 4)), np.arange(samples) % classes
    hcdv = HCDV(encoder="identity", **parameters).fit(X, y)
    return len(np.unique(hcdv.leaves_))


def test_few_samples_are_one_leaf_and_more_have_leaves_by_class() -> None:
    assert leaves(1024) == 1
    assert leaves(1025) == 2
    assert leaves(512, game="algorithm1", validation_share=0.2) >= 0.8 * 512 / 64
    assert leaves(513, leaf_size=512) == 2
    assert leaves(320, leaf_size=64) >= 5
    assert leaves(1100, classes=40) == 1


def test_a_stream_that_begins_small_has_leaves_for_more() -> None:
    generator = np.random.default_rng(1)
    hcdv = HCDV(encoder="identity").partial_fit(generator.normal(size=(200, 4)), [0, 1] * 100)
    assert len(np.unique(hcdv.leaves_)) >= 200 / 64


def test_a_list_of_dicts_is_a_table(data: World) -> None:
    frame = frame_of(data)
    rows = [
        {name: None if pd.isna(cell) else cell for name, cell in row.items()}
        for row in frame.to_dict("records")
    ]
    for row in rows[5::5]:
        row["feature 0"] = str(row["feature 0"])
        row.pop("colour")
    by_frame, by_rows = (
        HCDV(encoder_options=QUICK)
        .fit(table, data.y, table[:40], data.y[:40])
        .partial_fit(table[6:7], ["yes"])
        for table in (frame, rows)
    )
    np.testing.assert_array_equal(by_rows.values_, by_frame.values_)
    numbers = pd.DataFrame(data.X, columns=list("abcdef")).to_dict("records")
    by_rows = HCDV(encoder="identity").fit(numbers, data.y)
    np.testing.assert_array_equal(
        by_rows.values_, HCDV(encoder="identity").fit(data.X, data.y).values_
    )


@pytest.mark.parametrize(
    "spelt",
    [
        lambda truth: truth.astype(int),
        lambda truth: truth.astype(float),
        lambda truth: np.where(truth, "TRUE", "FALSE"),
        lambda truth: np.where(truth, " 1", "0.0"),
        lambda truth: pd.Series(truth, dtype="boolean"),
        lambda truth: pd.Series(np.where(truth, "1", "0")).astype("category"),
        lambda truth: [True if each else "0" for each in truth],
    ],
)
def test_labels_are_one_class_whatever_spells_them(data: World, spelt: Any) -> None:
    truth = data.y == "yes"
    plain = HCDV(encoder="identity").fit(data.X, truth)
    other = HCDV(encoder="identity").fit(data.X, spelt(truth), data.X_val, data.y_val == "yes")
    same = HCDV(encoder="identity").fit(data.X, truth, data.X_val, spelt(data.y_val == "yes"))
    np.testing.assert_array_equal(other.values_, same.values_)
    assert len(other.classes_) == len(plain.classes_) == 2
    np.testing.assert_array_equal(other.value(utility="class:1"), same.value(utility="class:1"))
