import json
import math

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from hcdv_stream.bundle.errors import BundleError, FeatureError
from hcdv_stream.bundle.features import STANDARD_LIMIT, Categorical, Number
from hcdv_stream.bundle.fitting import fit_schema
from hcdv_stream.bundle.normalisation.gaps import is_gap
from hcdv_stream.bundle.schema import FeatureSchema

SCHEMA = FeatureSchema(
    (
        Number("price", power=0.2, mean=1.0, scale=2.0),
        Categorical("country", "string", ("de", "fr"), other=True),
        Number("age", mean=40.0, scale=10.0, nullable=True),
        Categorical("returning", "boolean", (False, True)),
        Categorical("region", "integer", (1, 2), nullable=True),
    )
)
GOOD = {"price": 9.5, "country": "de", "age": 50, "returning": True, "region": 2}


def encoded(**changes):
    return SCHEMA.matrix([SCHEMA.row(GOOD | changes)])[0].tolist()


def refusal(features, schema=SCHEMA):
    with pytest.raises(FeatureError) as refused:
        schema.row(features)
    return refused.value.reason, str(refused.value)


def test_names_and_order_of_a_mapping_do_not_matter_but_a_list_is_in_order():
    backwards = dict(reversed(GOOD.items()))
    assert list(SCHEMA.row(GOOD)) == list(SCHEMA.row(backwards))
    assert list(SCHEMA.row(GOOD)) == list(SCHEMA.row(list(GOOD.values())))


def test_layout_of_the_encoders_input():
    price, de, fr, other, age, no_age, *rest = encoded()
    assert (de, fr, other, age, no_age) == (1, 0, 0, 1, 0)
    assert rest == [0, 1, 0, 1, 0]
    assert price == pytest.approx(((10.5**0.2 - 1) / 0.2 - 1.0) / 2.0)
    assert SCHEMA.width == 11


@pytest.mark.parametrize(
    ("spelt", "meant"),
    [
        ({"price": "9.50"}, {"price": 9.5}),
        ({"price": "007"}, {"price": 7}),
        ({"price": True}, {"price": 1.0}),
        ({"price": np.float64(9.5)}, {"price": 9.5}),
        ({"country": " de "}, {"country": "de"}),
        ({"country": 1}, {"country": "1.0"}),
        ({"returning": 1}, {"returning": True}),
        ({"returning": "FALSE"}, {"returning": False}),
        ({"returning": "1.0"}, {"returning": True}),
        ({"region": "7"}, {"region": 7}),
        ({"region": 7.0}, {"region": 7}),
        ({"age": " NA"}, {"age": None}),
        ({"age": math.nan}, {"age": None}),
    ],
)
def test_a_value_means_the_same_whatever_spells_it(spelt, meant):
    assert encoded(**spelt) == encoded(**meant)


def test_categories_of_an_earlier_bundle_keep_their_codes():
    feature = Categorical("c", "string", ("NA", "TRUE", "true", " x", "1.50"))
    values = ["NA", "TRUE", "true", " x", "1.50", True, "x", 1.5]
    assert [feature.validate(value) for value in values] == [0, 1, 2, 3, 4, 2, 3, 4]


def test_unseen_categories_share_the_other_column_or_are_all_zero():
    assert encoded(country="xx")[1:4] == [0, 0, 1]
    assert encoded(region=77)[8:] == [0, 0, 0]


def test_null_is_the_mean_with_an_indicator_where_training_had_gaps():
    assert encoded(age=None)[4:6] == [0, 1]
    assert encoded(region=None)[8:] == [0, 0, 1]


@pytest.mark.parametrize(
    ("features", "reason", "named"),
    [
        ({k: v for k, v in GOOD.items() if k != "age"}, "missing_feature", "age"),
        (GOOD | {"colour": 1}, "extra_feature", "colour"),
        ([1.0, "de"], "missing_feature", "age"),
        ([*GOOD.values(), 1], "extra_feature", "6 values"),
        (GOOD | {"price": "9 EUR"}, "wrong_type", "9 EUR"),
        (GOOD | {"price": [9.0]}, "wrong_type", "price"),
        (GOOD | {"price": math.nan}, "null_feature", "price"),
        (GOOD | {"price": "\\N"}, "null_feature", "price"),
        (GOOD | {"age": -math.inf}, "not_finite", "age"),
        (GOOD | {"age": 10**400}, "not_finite", "age"),
        (GOOD | {"price": None}, "null_feature", "price"),
        (GOOD | {"country": None}, "null_feature", "country"),
        (GOOD | {"country": ""}, "null_feature", "country"),
        (GOOD | {"country": ["de"]}, "wrong_type", "country"),
        (GOOD | {"returning": 2}, "wrong_type", "returning"),
        (GOOD | {"region": 1.5}, "wrong_type", "region"),
        (GOOD | {"region": ["x"]}, "wrong_type", "region"),
        ("price", "wrong_type", "str"),
        (None, "wrong_type", "NoneType"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(features, reason, named):
    found, message = refusal(features)
    assert found == reason
    assert named in message


def test_numbers_alone_are_validated_as_strictly():
    schema = FeatureSchema((Number("a"), Number("b")))
    assert list(schema.row({"b": 2, "a": 1.5})) == [1.5, 2]
    assert refusal([math.inf, 1.0], schema)[0] == "not_finite"
    assert refusal([1.0, None], schema)[0] == "null_feature"
    assert list(schema.row([1e308, 1e308])) == [1e308, 1e308]


def test_a_schema_of_one_feature():
    schema = FeatureSchema((Number("a"),))
    assert list(schema.row({"a": 3.0})) == [3.0]
    assert refusal({"b": 3.0}, schema)[0] == "missing_feature"


@given(st.floats(allow_nan=False, allow_infinity=False), st.text(), st.integers())
@example(1.0, "1", 1)
@example(1.0, "TRUE", 1)
def test_whatever_is_accepted_becomes_bounded_finite_input(price, country, region):
    assume(not is_gap(country))
    row = encoded(price=price, country=country, age=price, region=region)
    assert np.isfinite(row).all()
    assert np.abs(row).max() <= STANDARD_LIMIT


@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.sampled_from(["de", "fr", "it"])), max_size=150),
    st.integers(0, 150),
)
def test_matrix_rows_do_not_depend_on_each_other(sessions, cut):
    rows = [SCHEMA.row(GOOD | {"price": price, "country": c}) for price, c in sessions]
    parts = [SCHEMA.matrix(rows[:cut]), SCHEMA.matrix(rows[cut:])]
    assert SCHEMA.matrix(rows).tobytes() == np.concatenate(parts).tobytes()


def test_columns_are_validated_like_sessions_and_nan_in_an_array_is_a_gap():
    columns = {name: [value, value] for name, value in GOOD.items()}
    columns["age"] = np.array([50.0, np.nan])
    rows = SCHEMA.rows(columns | {"unused": ["x", "y"]})
    assert list(rows[0]) == list(SCHEMA.row(GOOD))
    assert math.isnan(rows[1][2])
    del columns["price"]
    with pytest.raises(FeatureError, match="no column 'price'"):
        SCHEMA.rows(columns)


def test_json_keeps_everything():
    assert FeatureSchema.from_json(json.loads(json.dumps(SCHEMA.to_json()))) == SCHEMA


@pytest.mark.parametrize("entries", [[], [{"name": "a"}], [{"type": "number"}], [3], 7])
def test_a_schema_that_cannot_be_read_is_refused(entries):
    with pytest.raises(BundleError, match="cannot be read"):
        FeatureSchema.from_json(entries)


def test_names_must_differ():
    with pytest.raises(ValueError, match="must differ"):
        FeatureSchema((Number("a"), Number("a")))


def test_a_fitted_schema_round_trips_to_the_bit():
    generator = np.random.default_rng(1)
    schema = fit_schema({"a": generator.lognormal(size=500), "b": generator.normal(size=500)})
    again = FeatureSchema.from_json(json.loads(json.dumps(schema.to_json())))
    rows = schema.rows({"a": generator.lognormal(size=9), "b": generator.normal(size=9)})
    assert schema.matrix(rows).tobytes() == again.matrix(rows).tobytes()
