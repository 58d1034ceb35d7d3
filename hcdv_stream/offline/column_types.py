"""The type of a column of text, seen from all that it holds: ``bundle.normalisation`` on Arrow.

Columns of a million texts are too many for a loop in Python, so the rules are applied by Arrow's
kernels. A test holds them to those of ``normalised_column``.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from hcdv_stream.bundle.normalisation.columns import DATE
from hcdv_stream.bundle.normalisation.gaps import GAP_TEXTS
from hcdv_stream.bundle.normalisation.spelling import BOOLEAN_TEXTS, INFINITE, INTEGER, NUMERAL
from hcdv_stream.bundle.normalisation.times import NoTimeError, time_of

COMMA_NUMERAL = (
    r"[+-]?(?:0|[1-9][0-9]{0,2}(?:\.[0-9]{3})+|[1-9][0-9]*)(?:,[0-9]+)?(?:[eE][+-]?[0-9]+)?"
)
"""A number with a decimal comma, and perhaps points between thousands."""
THOUSANDS = r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?"
"""A number with commas between thousands."""
_LOOK = 1000
"""So many values tell most columns of text from numbers."""


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """``note`` says what was understood where it is not plain, after the column's name."""

    column: pa.ChunkedArray
    note: str | None = None


def typed_column(column: pa.ChunkedArray, delimiter: str | None = None) -> TypedColumn:
    """Return a column of text as what it spells: booleans, numbers, times or trimmed text.

    ``delimiter`` is that of a CSV file, in which numbers may have a decimal comma.
    """
    trimmed = pc.utf8_trim_whitespace(column.cast(pa.string()))
    text = pc.if_else(pc.is_in(trimmed, pa.array(sorted(GAP_TEXTS))), None, trimmed)
    if text.null_count == len(text):
        return TypedColumn(pa.chunked_array([pa.nulls(len(text))]))
    if _all(text, NUMERAL, INFINITE):
        return TypedColumn(_numbers(text))
    if _all_in(text, BOOLEAN_TEXTS):
        return TypedColumn(pc.equal(pc.utf8_lower(text), "true"))
    if _all(text, DATE):
        return TypedColumn(_times(text))
    return TypedColumn(text) if delimiter is None else _with_commas(text, delimiter)


def _with_commas(text: pa.ChunkedArray, delimiter: str) -> TypedColumn:
    if not _any(text, ","):
        return TypedColumn(text)
    if _all(text, COMMA_NUMERAL) and (delimiter == ";" or not _all(text, THOUSANDS, INTEGER)):
        pointed = pc.replace_substring(pc.replace_substring(text, ".", ""), ",", ".")
        return TypedColumn(_numbers(pointed), "reads numbers with a decimal comma")
    unclear = "is text, as numbers with commas between thousands may be decimals too"
    return TypedColumn(text, unclear if _all(text, THOUSANDS, NUMERAL) else None)


def _pattern(*patterns: str) -> str:
    return f"^(?:{'|'.join(patterns)})$"


def _all(text: pa.ChunkedArray, *patterns: str) -> bool:
    """Say whether each value that is there matches one of the patterns as a whole."""
    pattern = _pattern(*patterns)
    return all(
        pc.all(pc.match_substring_regex(part, pattern), min_count=0).as_py()
        for part in (text.slice(0, _LOOK), text.slice(_LOOK))
    )


def _all_in(text: pa.ChunkedArray, known: frozenset[str]) -> bool:
    found: bool = pc.all(pc.is_in(text.drop_null(), pa.array(sorted(known))), min_count=0).as_py()
    return found


def _any(text: pa.ChunkedArray, substring: str) -> bool:
    found: bool = pc.any(pc.match_substring(text, substring), min_count=0).as_py()
    return found


def _numbers(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return whole numbers as integers if all are, else floats."""
    kinds = (pa.int64(), pa.float64()) if _all(text, INTEGER) else (pa.float64(),)
    for kind in kinds:
        try:
            return text.cast(kind)
        except pa.ArrowInvalid:
            continue  # too large for an integer, or a sign or point that Arrow does not read
    values = [None if each is None else float(each) for each in text.to_pylist()]
    return pa.chunked_array([pa.array(values, pa.float64())])


def _times(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return dates and times, or the text if one is none."""
    try:
        moments = [
            None if each is None else datetime.fromtimestamp(time_of(each)[0], UTC)
            for each in text.to_pylist()
        ]
    except (NoTimeError, OverflowError, ValueError, OSError):
        return text
    return pa.chunked_array([pa.array(moments, pa.timestamp("us"))])
