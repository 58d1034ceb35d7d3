"""Tables and labels of every kind, for every method: taken alike, or refused in one sentence."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from hcdv_stream.methods import (
    HCDV,
    METHODS,
    Algorithm1,
    DataOOB,
    Evaluations,
    KNNShapley,
    OwenValue,
    RandomValues,
)

N = 24
X = np.random.default_rng(0).normal(size=(N, 4))
Y = np.array(["a", "b"] * (N // 2))
QUICK = {"epochs": 1, "dimensions": 2}
FEW = Evaluations(20)
EVERY = [HCDV, *METHODS]
ENCODED = [HCDV, DataOOB, KNNShapley]
"""Enough for what all methods share, the preparation: training an encoder takes a while."""
NUMERIC = [method for method in EVERY if method not in (DataOOB, RandomValues)]

WITH_ENCODERS = [
    *(pytest.param(method, "identity", id=method.__name__) for method in EVERY),
    *(pytest.param(each, "contrastive", id=f"contrastive-{each.__name__}") for each in ENCODED),
]


def made(method: type, encoder: str) -> Any:
    """A method that is quick, with an encoder where it has one."""
    parameters: dict[str, Any] = {"encoder": encoder, "until": FEW}
    if encoder == "contrastive":
        parameters["encoder_options"] = QUICK
    if method in (Algorithm1, OwenValue):
        parameters |= {"levels": (2, 2)}
    estimator = method()
    known = estimator.get_params().keys() & parameters.keys()
    return estimator.set_params(**{name: parameters[name] for name in known})


def fitted(method: type, encoder: str, X: Any, y: Any = Y) -> Any:
    return made(method, encoder).fit(X, y, X[:8], y[:8])


def frame(X: Any = X) -> pd.DataFrame:
    return pd.DataFrame(X, columns=list("abcd"))


def with_gap(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.astype("Float64")
    frame.loc[2, "a"] = pd.NA
    return frame


def mixed(X: Any = X) -> pd.DataFrame:
    colours = pd.Categorical(np.where(X[:, 2] > 0, "u", "v"))
    return frame(X).assign(b=pd.array(X[:, 1] > 0, dtype="boolean"), c=colours)


SAME = {
    "fortran": np.asfortranarray(X),
    "strided": np.repeat(np.repeat(X, 2, 0), 2, 1)[::2, ::2],
    "reversed": X[::-1].copy()[::-1],
    "list": X.tolist(),
    "objects": X.astype(object),
    "text that spells numbers": X.astype("U32"),
}


@pytest.mark.parametrize(("method", "encoder"), WITH_ENCODERS)
def test_how_numbers_lie_in_memory_changes_no_value(method: type, encoder: str) -> None:
    expected = fitted(method, encoder, X).values_
    for name, table in SAME.items():
        np.testing.assert_array_equal(fitted(method, encoder, table).values_, expected, name)


@pytest.mark.parametrize("method", NUMERIC, ids=lambda each: each.__name__)
@pytest.mark.parametrize("table", [frame(), frame().astype("Float64")], ids=["frame", "nullable"])
def test_a_frame_of_numbers_is_worth_what_its_array_is(method: type, table: pd.DataFrame) -> None:
    by_frame = made(method, "identity").fit(table, Y, table.iloc[:8], Y[:8])
    np.testing.assert_array_equal(by_frame.values_, fitted(method, "identity", X).values_)


@pytest.mark.parametrize(("method", "encoder"), WITH_ENCODERS)
@pytest.mark.parametrize(
    "table",
    [
        X.astype(np.float32),
        X.astype(np.float16),
        (10 * X).astype(np.int8),
        X > 0,
        np.ones_like(X),
        np.tile(X[:3], (N // 3, 1)),
        X * 1e300,
        X * 1e-300,
    ],
    ids=["float32", "float16", "int8", "bool", "constant", "duplicated", "huge", "tiny"],
)
def test_numbers_of_any_kind_have_finite_values(method: type, encoder: str, table: Any) -> None:
    values = fitted(method, encoder, table).values_
    assert values.shape == (N,)
    assert np.isfinite(values).all()


@pytest.mark.parametrize("method", ENCODED, ids=lambda each: each.__name__)
@pytest.mark.parametrize("table", [with_gap(frame()), mixed()], ids=["gap", "categories"])
def test_the_contrastive_encoder_takes_gaps_and_categories(method: type, table: Any) -> None:
    found = made(method, "contrastive").fit(table, Y, table.iloc[:8], Y[:8])
    assert np.isfinite(found.values_).all()


@pytest.mark.parametrize("method", EVERY, ids=lambda each: each.__name__)
@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (pd.Series([0, 1] * (N // 2), dtype="Int64"), [0, 1]),
        (pd.Series([True, False] * (N // 2), dtype="boolean"), [False, True]),
        (pd.Series(Y, dtype="string"), ["a", "b"]),
        (pd.Series(pd.Categorical(Y)), ["a", "b"]),
        ([True, 0] * (N // 2), [0, 1]),
        ([1.0, 2] * (N // 2), [1.0, 2.0]),
    ],
    ids=["Int64", "boolean", "string", "category", "bool and int", "float and int"],
)
def test_labels_of_any_kind(method: type, labels: Any, classes: list[Any]) -> None:
    found = fitted(method, "identity", X, labels)
    assert found.classes_.tolist() == classes
    assert np.isfinite(found.values_).all()


def changed(value: object) -> Any:
    table = X.astype(object)
    table[3, 1] = value
    return table


@pytest.mark.parametrize("method", NUMERIC, ids=lambda each: each.__name__)
@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (changed(np.inf).astype(float), r"X has infinity \(inf\) in row 3, column 1: fill it"),
        (changed(np.nan).astype(float), "X has NaN in row 3, column 1: fill it"),
        (changed(np.nan), "X has NaN in row 3, column 1: fill it"),
        (changed(None), "X has NaN in row 3, column 1: fill it"),
        (changed("red"), "X has the text 'red' in row 3, column 1, where a number is needed"),
        (with_gap(frame()), "X has NaN in row 2, column a: fill it"),
        (mixed(), "X has the text '.' in row 0, column c, where a number is needed"),
        (frame().set_axis(list("aabc"), axis=1), "X has two columns that are named 'a'"),
        (X[:0], r"X has 0 sample\(s\)"),
        (X[:, :0], r"X has 0 feature\(s\)"),
        (X[:, 0], r"X must have two dimensions, .* got the shape \(24,\)"),
        ([[1.0, 2.0], [1.0]] * (N // 2), "X must have a row for each example, of equal lengths"),
        (csr_array(X), "X is a sparse matrix"),
        (X + 1j, "X must hold numbers, or text that spells one, got complex128"),
        (X.astype("M8[s]"), "X must hold numbers, .* got datetime64"),
        (frame().assign(a=pd.Timestamp("2020-01-01")), "X must hold numbers, .* got datetime64"),
        (np.ma.masked_array(X, mask=X > 2), "X has masked entries: give X.filled"),
        (None, "X must be a table with a row for each example, got None"),
        ("text", "X must be a table with a row for each example, got 'text'"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused(method: type, table: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        made(method, "identity").fit(table, Y, X[:8], Y[:8])


@pytest.mark.parametrize("method", EVERY, ids=lambda each: each.__name__)
@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (["a"] * N, "y has 1 class, 'a', and at least 2"),
        ([None] * N, "y has no label in row 0, it is None: leave the row out"),
        (["a", 1] * (N // 2), "y mixes text and numbers, 'a' and 1"),
        ([0.0, np.nan] * (N // 2), "y has no label in row 1, it is nan"),
        ([0.0, np.inf] * (N // 2), "y must hold classes: .*, got inf in row 1"),
        (X[:, 0], "y must hold classes: .*, got 0.1.* in row 0"),
        (pd.Series([0, None] * (N // 2), dtype="Int64"), "y has no label in row 1"),
        (["", "b"] * (N // 2), "y has no label in row 0, it is ''"),
        ([{}] * N, r"y must hold classes: .*, got \{\} in row 0"),
        (pd.Series(pd.date_range("2020-01-01", periods=N)), "y must hold classes: .* datetime64"),
        (np.c_[np.arange(N) % 2, np.arange(N) % 2], r"y must hold one label .* \(24, 2\)"),
        (Y[:5], "X and y must be equally long, got 24 and 5 rows"),
        ("ab" * (N // 2), "y must hold one label for each example, got 'abab"),
    ],
)
def test_labels_that_name_no_class_are_refused(method: type, labels: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        made(method, "identity").fit(X, labels, X[:8], Y[:8])


@pytest.mark.parametrize("method", [HCDV, KNNShapley], ids=lambda each: each.__name__)
@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda e: e.fit(X, Y, X[:0], Y[:0]), r"X_val has 0 sample\(s\)"),
        (lambda e: e.fit(X, Y, changed("red")[:8], Y[:8]), "X_val has the text 'red' in row 3"),
        (lambda e: e.fit(X, Y, X[:8], [None] * 8), "y_val has no label in row 0"),
        (lambda e: e.fit(X, Y, X[:8], [0] * 8), "y_val has the label 0, unknown to fit"),
        (lambda e: e.fit(X, Y, X[:8], Y[:3]), "X_val and y_val must be equally long"),
    ],
)
def test_v_is_refused_by_its_own_name(
    method: type, call: Callable[[Any], Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        call(made(method, "identity"))


@pytest.mark.parametrize("method", [HCDV, DataOOB], ids=lambda each: each.__name__)
@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (frame().assign(a=None), "the column 'a' is empty; leave it out of X"),
        (frame().assign(a=pd.Timestamp("2020-01-01")), "'a' is no numeric feature.*; make it text"),
        (frame().assign(a=np.inf), "the column 'a' holds an infinite number; leave it out of X"),
        (frame().assign(a=[["x"], 1] * (N // 2)), "'a' is no numeric feature, it holds int, list"),
    ],
)
def test_columns_are_refused_without_words_of_the_command_line(
    method: type, table: Any, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence) as refused:
        made(method, "contrastive").fit(table, Y, table.iloc[:8], Y[:8])
    assert "--" not in str(refused.value)
