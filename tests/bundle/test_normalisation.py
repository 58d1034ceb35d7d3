import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.bundle.errors import LabelError
from hcdv_stream.bundle.labels import class_index, class_indices, label_text
from hcdv_stream.bundle.normalisation.columns import normalised_column
from hcdv_stream.bundle.normalisation.gaps import GAP_TEXTS, is_gap
from hcdv_stream.bundle.normalisation.providers import provider_of
from hcdv_stream.bundle.normalisation.spelling import number_of, plain, text_of
from hcdv_stream.bundle.normalisation.times import LATEST_TIME, NoTimeError, time_of, times_of

GAPS = [
    *(None, float("nan"), np.float64("nan"), np.float32("nan"), pd.NA, pd.NaT, Decimal("NaN")),
    *(np.datetime64("NaT"), "", " ", " NA ", "\\N", "null", "None", "NaN", "nan", "?", "#N/A"),
]


@pytest.mark.parametrize("gap", GAPS, ids=repr)
def test_gaps(gap):
    assert plain(gap) is None
    assert list(normalised_column([gap, 1.5])) == [None, 1.5]
    assert provider_of(gap) is None


@pytest.mark.parametrize("value", [0, 0.0, False, "0", "none", "na", "N", "-", [], "N A"], ids=repr)
def test_what_is_no_gap(value):
    assert not is_gap(value)


ONES = [True, "True", "TRUE", "true", 1, 1.0, "1", " 1 ", "1.0", "1.", "+1", np.True_, np.int8(1)]


@pytest.mark.parametrize("value", [*ONES, np.float32(1), Decimal("1.00"), "1e0"], ids=repr)
def test_one_class_whatever_spells_it(value):
    assert label_text(value) == "1"
    for classes in (("0", "1"), ("false", "true"), ("FALSE", "TRUE"), ("False", "True")):
        assert class_index(value, class_indices(classes)) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((False, "0"), ("FALSE", "0"), (-0.0, "0"), ("-0", "0"), (0.5, "0.5"), ("0.50", "0.5")),
        *((np.float32(0.5), "0.5"), ("yes ", "yes"), ("Yes", "Yes"), ("007", "007"), ("1a", "1a")),
        *(("12345678901234567891", "12345678901234567891"), ("1e400", "1e400"), ("inf", "inf")),
    ],
)
def test_spellings_of_labels(value, text):
    assert label_text(value) == text
    assert label_text(text) == text


def test_names_of_an_earlier_bundle_keep_their_meaning():
    index = class_indices(("1", "NA", "true", " a", "a"))
    assert [class_index(each, index) for each in ("1", "NA", "true", " a", "a")] == [0, 1, 2, 3, 4]
    assert class_index(True, index) == 2
    assert class_index(1, index) == 0
    with pytest.raises(LabelError, match="stands for none"):
        class_index("NA", class_indices(("0", "1")))


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([True, None, False], [True, None, False]),
        (["TRUE", "", "false"], [True, None, False]),
        ([True, "FALSE"], [True, False]),
        (["1", " 2.50", "\\N"], [1, 2.5, None]),
        ([1, "2", True], [1, 2, 1]),
        ([True, 2.5], [1, 2.5]),
        (["007", "12"], ["007", "12"]),
        (["TRUE", "maybe", "1.0", 2.0], ["true", "maybe", "1", "2"]),
        ([" a", "a "], ["a", "a"]),
        (np.array([1.5, np.nan]), [1.5, None]),
        (np.array(["1", "x"]), ["1", "x"]),
        (np.array([True, None, "NA"], object), [True, None, None]),
        (np.array([0.5], np.float32), [0.5]),
    ],
)
def test_columns(values, wanted):
    found = list(normalised_column(values))
    assert found == wanted
    assert list(map(type, found)) == list(map(type, wanted))


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**80), 2**80))
@settings(max_examples=50)
def test_numbers_survive_their_spelling(number):
    assert number_of(text_of(number)) == number
    assert number_of(repr(number)) == number
    assert text_of(repr(number)) == text_of(number)


def test_codes_are_no_numbers_unless_a_number_is_wanted():
    assert number_of("007") is None
    assert number_of("007", padded=True) == 7
    assert number_of("-00.5", padded=True) == -0.5
    assert number_of("1e999") is None
    assert number_of("1_000") is None
    assert number_of("１") is None


NOON = 1_767_268_800.0
SPELT = [
    *(NOON, int(NOON), str(NOON), NOON * 1e3, int(NOON * 1e3), int(NOON * 1e6), int(NOON * 1e9)),
    *("2026-01-01T12:00:00Z", "2026-01-01 12:00:00 UTC", "2026-01-01 12:00:00", "2026-01-01T12"),
    *("2026-01-01 13:00:00+01:00", "2026-01-01 13:00:00.000 +0100", "2026-01-01 12:00:00+00"),
    *(f"{NOON * 1e3:.0f}", " 2026-01-01 12:00:00.000000 UTC ", np.datetime64("2026-01-01T12")),
    *(np.datetime64("2026-01-01T12:00:00.000000000"), pd.Timestamp("2026-01-01 12:00")),
    *(pd.Timestamp("2026-01-01 13:00", tz="Europe/Berlin"), Decimal("1767268800.0")),
    *(datetime.datetime(2026, 1, 1, 12), np.int64(NOON), np.float64(NOON)),
]


@pytest.mark.parametrize("value", SPELT, ids=repr)
def test_one_time_whatever_spells_it(value):
    assert time_of(value)[0] == NOON


@pytest.mark.parametrize(
    ("value", "seconds", "unit"),
    [
        (0, 0.0, "seconds"),
        (LATEST_TIME - 1, LATEST_TIME - 1.0, "seconds"),
        (LATEST_TIME, LATEST_TIME / 1e3, "milliseconds"),
        (-LATEST_TIME * 1000, -float(LATEST_TIME), "milliseconds"),
        (LATEST_TIME * 1000, LATEST_TIME / 1e3, "microseconds"),
        (LATEST_TIME * 10**6, LATEST_TIME / 1e3, "nanoseconds"),
        (20260101, NOON - 43_200, "dates"),
        ("20260101", NOON - 43_200, "dates"),
        (20261301, 20261301.0, "seconds"),
        (20260101.5, 20260101.5, "seconds"),
        (datetime.date(1970, 1, 2), 86_400.0, "dates"),
        (1_700_000_000_123_456_789, 1_700_000_000.123456, "nanoseconds"),
    ],
)
def test_units_are_told_by_size(value, seconds, unit):
    assert time_of(value) == (seconds, unit)


@pytest.mark.parametrize(
    "value",
    ["soon", "01/02/2024", None, "", True, [1], float("inf"), LATEST_TIME * 10**9, "2026-13-01"],
)
def test_what_is_no_time(value):
    with pytest.raises(NoTimeError, match="got "):
        time_of(value)


@given(
    st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(19_000_000, 21_000_000), min_size=1)
    | st.lists(st.floats(-1e15, 1e15), min_size=1)
)
@settings(max_examples=50)
def test_times_of_an_array_are_those_of_its_numbers(numbers):
    seconds, units = times_of(np.array(numbers))
    found = [time_of(each) for each in numbers]
    assert seconds.tolist() == [each for each, _ in found]
    assert units == {unit: [u for _, u in found].count(unit) for unit in {u for _, u in found}}


def test_providers():
    assert [provider_of(each) for each in (" a", 7, 7.0, "7.0")] == [" a", "7", "7", "7.0"]
    for odd in (True, [1], float("inf")):
        with pytest.raises(ValueError, match="got "):
            provider_of(odd)


def test_gap_texts_are_trimmed():
    assert all(each == each.strip() for each in GAP_TEXTS)
