import numpy as np
import pytest
from sklearn.preprocessing import PowerTransformer

from hcdv_stream.bundle.errors import TrainingError
from hcdv_stream.bundle.features import Categorical, Number
from hcdv_stream.bundle.fitting import MOST_CATEGORIES, embedding_schema, fit_schema

GENERATOR = np.random.default_rng(0)
SYMMETRIC = GENERATOR.normal(5.0, 2.0, 400)
SKEWED = GENERATOR.lognormal(1.0, 1.0, 400)


def only(column, **overrides):
    return fit_schema({"x": column}, **overrides).features[0]


def test_types_follow_the_values():
    schema = fit_schema(
        {"n": [1, 2.5], "i": [1, 2], "t": ["a", "b"], "f": [True, False], "gaps": [None, 1.0]}
    )
    kinds = [(f.name, type(f).__name__, f.nullable) for f in schema.features]
    assert kinds == [
        ("n", "Number", False),
        ("i", "Number", False),
        ("t", "Categorical", False),
        ("f", "Categorical", False),
        ("gaps", "Number", True),
    ]


def test_a_symmetric_column_is_standardised_alone():
    schema = fit_schema({"x": SYMMETRIC})
    assert schema.features[0].power is None
    column = schema.matrix(schema.rows({"x": SYMMETRIC}))[:, 0]
    assert column.mean() == pytest.approx(0.0, abs=1e-6)
    assert column.std() == pytest.approx(1.0, abs=1e-6)


def test_a_skewed_column_is_what_scikit_learn_makes_of_it():
    schema = fit_schema({"x": SKEWED})
    expected = PowerTransformer().fit_transform(SKEWED[:, None])[:, 0]
    found = schema.matrix(schema.rows({"x": SKEWED}))[:, 0]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_constant_column_becomes_zero():
    schema = fit_schema({"x": [7.0] * 5})
    assert schema.matrix(schema.rows({"x": [7.0, 7.0]})).tolist() == [[0.0], [0.0]]


def test_huge_numbers_do_not_break_the_fit():
    schema = fit_schema({"x": [1e308, -1e308, 0.0, 1.0]})
    assert np.isfinite(schema.matrix(schema.rows({"x": [1e308, -1e308]}))).all()


def test_rare_categories_share_other():
    column = ["a"] * 3000 + ["b"] * 1000 + ["c"] * 9
    assert only(column) == Categorical("x", "string", ("a", "b"), other=True)
    assert only(["a", "b", "b"]) == Categorical("x", "string", ("a", "b"))


def test_there_is_an_end_to_the_indicators():
    feature = only([f"page {i % 500}" for i in range(50_000)])
    assert len(feature.categories) == MOST_CATEGORIES
    assert feature.other


def test_overrides():
    assert only([1, 2, 1], categorical=["x"]) == Categorical("x", "integer", (1, 2))
    assert isinstance(only([1, 2, 4], numeric=["x"]), Number)


@pytest.mark.parametrize(
    ("columns", "overrides", "message"),
    [
        ({}, {}, "at least one"),
        ({"x": [None, None]}, {}, "'x' is empty"),
        ({"x": [1.0, [1]]}, {}, "holds float, list"),
        ({"x": ["a", "b"]}, {"numeric": ["x"]}, "no numeric feature"),
        ({"x": [1.5, 2.0]}, {"categorical": ["x"]}, "no categorical feature"),
        ({"x": [[1], [2]]}, {}, "holds list"),
        ({"x": [1.0, float("inf")]}, {}, "infinite"),
        ({"x": [1.0]}, {"numeric": ["y"]}, "no feature 'y'"),
        ({"x": [1]}, {"numeric": ["x"], "categorical": ["x"]}, "both"),
    ],
)
def test_what_cannot_be_a_feature_is_named(columns, overrides, message):
    with pytest.raises(TrainingError, match=message):
        fit_schema(columns, **overrides)


def test_an_embedding_is_passed_on_as_it_is():
    columns = {"a": [0.25, -3.0], "b": [1, 2]}
    schema = embedding_schema(columns)
    assert schema.matrix(schema.rows(columns)).tolist() == [[0.25, 1.0], [-3.0, 2.0]]


@pytest.mark.parametrize("column", [[1.0, None], ["a", "b"], [True, False]])
def test_an_embedding_is_all_numbers(column):
    with pytest.raises(TrainingError, match="'x' is not all numbers"):
        embedding_schema({"x": column})
