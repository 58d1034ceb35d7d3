"""What is a session and what is not, and in which words that is said."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hcdv_stream.bundle.features import Number
from hcdv_stream.bundle.schema import FeatureSchema
from hcdv_stream.worker.session import REASONS, Deletion, RejectedError, Session, SessionValidator
from hcdv_stream.worker.trust import Trust
from tests.worker.harness import CLASSES, FEATURES, session, small_bundle

LIMIT = 2000


@pytest.fixture(scope="module")
def validator() -> SessionValidator:
    bundle = small_bundle()
    return SessionValidator(bundle.schema, bundle.classes, LIMIT)


def features(**changes: object) -> dict[str, object]:
    return dict.fromkeys(FEATURES, 1.0) | changes


def test_a_session_is_read(validator: SessionValidator):
    key, value = session(7, features=features(f2=3), label="yes", provider="acme", ts=12.5)
    assert validator.validate(key, value) == Session(
        "s000007", 12.5, (1.0, 1.0, 3, 1.0, 1.0, 1.0), CLASSES.index("yes"), "acme"
    )


@pytest.mark.parametrize(
    ("spelt", "meant"),
    [
        ({"ts": 1_700_000_000_250}, {"ts": 1_700_000_000.25}),
        ({"ts": "2023-11-14 22:13:20.25 UTC"}, {"ts": 1_700_000_000.25}),
        ({"label": " yes"}, {"label": "yes"}),
        ({"provider": 12}, {"provider": "12"}),
        ({"provider": ""}, {"provider": None}),
        ({"features": features(f1="1.0", f2=True)}, {"features": features()}),
    ],
    ids=str,
)
def test_a_value_means_the_same_whatever_spells_it(
    validator: SessionValidator, spelt: dict[str, Any], meant: dict[str, Any]
):
    read, same = (validator.validate(*session(7, **each)) for each in (spelt, meant))
    assert isinstance(read, Session)
    assert replace(read, row=list(read.row)) == replace(same, row=list(same.row))


def test_another_unit_of_times_is_logged_once(caplog: pytest.LogCaptureFixture):
    bundle = small_bundle()
    one = SessionValidator(bundle.schema, bundle.classes, LIMIT)
    with caplog.at_level("INFO"):
        for ts in (1_700_000_000, 1_700_000_000_000, 1_700_000_000_001, "2026-01-01 UTC"):
            one.validate(*session(7, ts=ts))
    assert [record.getMessage() for record in caplog.records] == [
        "read ts in another unit than seconds since the epoch"
    ] * 2


@pytest.mark.parametrize("classes", [("0", "1"), ("false", "true"), ("FALSE", "TRUE")])
@pytest.mark.parametrize("label", [True, "TRUE", "true", 1, 1.0, "1", " 1 "], ids=repr)
def test_booleans_are_one_class_whatever_file_trained_the_bundle(classes, label):
    one = SessionValidator(FeatureSchema((Number("x"),)), classes, LIMIT)
    read = one.validate(*session(7, features=[1.0], label=label))
    assert isinstance(read, Session)
    assert read.label == 1


def test_features_may_be_a_list_and_the_provider_absent(validator: SessionValidator):
    read = validator.validate(*session(7, features=[1, 2, 3, 4, 5, 6], provider=None))
    assert isinstance(read, Session)
    assert list(read.row) == [1, 2, 3, 4, 5, 6]
    assert read.provider is None


def test_null_is_a_deletion(validator: SessionValidator):
    assert validator.validate(b"s000007", None) == Deletion("s000007")


def test_a_minor_version_may_add_fields(validator: SessionValidator):
    assert isinstance(validator.validate(*session(7, schema=1.4, colour="red")), Session)


REJECTED = {
    "not JSON": ("not_json", b"{'id': 7}"),
    "empty": ("not_json", b""),
    "cut short": ("not_json", session(7)[1][:-5]),
    "not UTF-8": ("not_json", b'{"id":"\xff"}'),
    "deeply nested": ("not_json", b"[" * 900),
    "an array": ("wrong_type", b"[]"),
    "a number": ("wrong_type", b"12"),
    "NaN": ("not_finite", session(7)[1].replace(b'"schema":1', b'"schema":1,"x":NaN')),
    "minus infinity": ("not_finite", session(7)[1].replace(b'"schema":1', b'"x":-Infinity')),
    "a number beyond doubles": ("not_finite", session(7)[1].replace(b'"schema":1', b'"x":1e999')),
    "no schema": ("unknown_schema", b'{"id":"s000007"}'),
    "schema 2": ("unknown_schema", session(7, schema=2)[1]),
    "schema as text": ("unknown_schema", session(7, schema="1")[1]),
    "schema true": ("unknown_schema", session(7, schema=True)[1]),
    "another id": ("key_mismatch", session(7, id="s000008")[1]),
    "id a number": ("wrong_type", session(7, id=7)[1]),
    "id null": ("wrong_type", session(7, id=None)[1]),
    "ts as another text": ("wrong_type", session(7, ts="01/02/2026")[1]),
    "ts null": ("wrong_type", session(7, ts=None)[1]),
    "ts true": ("wrong_type", session(7, ts=True)[1]),
    "ts too large": ("wrong_type", session(7, ts=1e21)[1]),
    "label null": ("missing_label", session(7, label=None)[1]),
    "label empty": ("missing_label", session(7, label="")[1]),
    "label unknown": ("unknown_label", session(7, label="perhaps")[1]),
    "label a list": ("wrong_type", session(7, label=["yes"])[1]),
    "features null": ("wrong_type", session(7, features=None)[1]),
    "features text": ("wrong_type", session(7, features="1,2,3")[1]),
    "a feature missing": ("missing_feature", session(7, features={"f0": 1.0})[1]),
    "a list too short": ("missing_feature", session(7, features=[1, 2])[1]),
    "a feature too many": ("extra_feature", session(7, features=features(f9=1))[1]),
    "a list too long": ("extra_feature", session(7, features=[1] * 9)[1]),
    "a feature as text": ("wrong_type", session(7, features=features(f1="1,0"))[1]),
    "a feature null": ("null_feature", session(7, features=features(f1=None))[1]),
    "provider a boolean": ("wrong_type", session(7, provider=True)[1]),
    "provider a list": ("wrong_type", session(7, provider=["a"])[1]),
    "too large": ("too_large", session(7, note="x" * LIMIT)[1]),
}


@pytest.mark.parametrize("case", REJECTED)
def test_rejected(validator: SessionValidator, case: str):
    reason, value = REJECTED[case]
    with pytest.raises(RejectedError) as caught:
        validator.validate(b"s000007", value)
    assert caught.value.reason == reason, str(caught.value)
    assert reason in REASONS


@pytest.mark.parametrize("key", [None, b"", b"\xff\xfe", b"x" * 1025])
@pytest.mark.parametrize("value", [None, session(7)[1]])
def test_a_key_must_be_an_id(validator: SessionValidator, key: bytes | None, value: bytes | None):
    with pytest.raises(RejectedError) as caught:
        validator.validate(key, value)
    assert caught.value.reason == "key_mismatch"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@given(st.binary(max_size=60))
def test_no_bytes_do_harm(value: bytes):
    bundle = small_bundle()
    with pytest.raises(RejectedError):
        SessionValidator(bundle.schema, bundle.classes, LIMIT).validate(b"s000007", value)


@given(st.sampled_from(["schema", "id", "ts", "features", "label", "provider"]), JSON)
def test_no_value_of_a_field_does_harm(field: str, value: object):
    bundle = small_bundle()
    validator = SessionValidator(bundle.schema, bundle.classes, LIMIT)
    key, _ = session(7)
    try:
        content = session(7, **{field: value})[1]
    except (TypeError, orjson.JSONEncodeError):
        return
    reason = None
    try:
        read = validator.validate(key, content)
    except RejectedError as error:
        reason = error.reason
    if reason is None:
        assert isinstance(read, Session)
        assert math.isfinite(read.time)
        assert np.isfinite(list(read.row)).all()
    else:
        assert reason in REASONS


def test_a_mark_counts_only_if_the_settings_say_so(validator: SessionValidator):
    bundle = small_bundle()
    marking = SessionValidator(bundle.schema, bundle.classes, LIMIT, Trust(marks=True))
    marked = session(7, trusted=True)
    assert marking.validate(*marked).trusted
    assert not validator.validate(*marked).trusted
    assert not marking.validate(*session(7, trusted=None)).trusted
    assert not marking.validate(*session(7)).trusted
    assert not validator.validate(*session(7, trusted="yes")).trusted
    with pytest.raises(RejectedError, match="trusted must be true or false, got str") as caught:
        marking.validate(*session(7, trusted="yes"))
    assert caught.value.reason == "wrong_type"
