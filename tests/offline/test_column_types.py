"""Arrow's kernels type a column as the loop in Python does."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hcdv_stream.bundle.normalisation.columns import normalised_column
from hcdv_stream.offline.column_types import typed_column

NUMERALS = st.sampled_from(["0", "-1", "+2", "3.50", ".5", "1.", "1e-5", "+1.5", "-0", "9" * 25])
WORDS = st.sampled_from(["true", "TRUE", "False"])
GAPS = st.sampled_from([None, "", " NA ", "\\N", "nan"])
OTHERS = st.sampled_from(["007", "x", " x ", "1,5", "0x1", "inf", "-Infinity", "１"])


def spelled(column):
    """What a column means in the end, whichever texts stand for it."""
    values = list(normalised_column(column))
    numbers = [float(each) if type(each) is int else each for each in values]
    return numbers, list(map(type, numbers))


@given(
    st.lists(NUMERALS | GAPS, max_size=6)
    | st.lists(WORDS | GAPS, max_size=6)
    | st.lists(NUMERALS | WORDS | GAPS | OTHERS, max_size=6)
)
@settings(max_examples=150)
def test_as_the_loop_does(texts):
    found = typed_column(pa.chunked_array([pa.array(texts, pa.string())])).column.to_pylist()
    assert spelled(found) == spelled(texts)


@pytest.mark.parametrize("text", ["2026-13-01", "2026-01-01 soon"])
def test_what_begins_as_a_date_and_is_none_is_text(text):
    assert typed_column(pa.chunked_array([[text]])).column.to_pylist() == [text]
