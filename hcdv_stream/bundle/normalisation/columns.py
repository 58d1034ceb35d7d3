"""One column of a table as plain values of one kind: booleans, numbers or text; None for a gap.

The kind is seen from all values: booleans if all are, numbers if all are numbers or spell one, else
text. Among numbers true is 1. Among text each value has its one spelling.
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hcdv_stream.bundle.normalisation.spelling import (
    BOOLEAN_TEXTS,
    INFINITE,
    boolean_of,
    number_of,
    plain,
)
from hcdv_stream.bundle.normalisation.spelling import text_of as spelling_of

Column = Sequence[object] | npt.NDArray[Any]

DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].*)?"
"""A text that begins as a date does."""
_INFINITE = re.compile(INFINITE)
_NUMBERS = frozenset({int, float})
_PLAIN = frozenset({bool, int, float, str})


def normalised_column(column: Column) -> Sequence[object]:
    """Return n values: None, and booleans, numbers or text. Anything else stays as it is."""
    values = _plain_values(column)
    types = set(map(type, values)) - {type(None)}
    if types <= _NUMBERS or types == {bool} or not types <= _PLAIN:
        return values
    if str not in types:
        return [int(value) if type(value) is bool else value for value in values]
    numbers: dict[object, object] = {}
    booleans = types <= {bool, str}
    for text in {value for value in values if type(value) is str}:
        truth = text in BOOLEAN_TEXTS
        booleans &= truth
        number = int(bool(boolean_of(text))) if truth else _number(text)
        if number is None:
            return _spelled(values)
        numbers[text] = number
    if booleans:
        return [value if value is None else boolean_of(value) for value in values]
    return [
        numbers[value] if type(value) is str else int(value) if type(value) is bool else value
        for value in values
    ]


def _number(text: str) -> int | float | None:
    return float(text) if _INFINITE.fullmatch(text) else number_of(text)


def _plain_values(column: Column) -> Sequence[object]:
    """Return Python values, None for a gap."""
    if isinstance(column, np.ndarray) and column.dtype.kind in "biu":
        listed: list[object] = column.tolist()
        return listed
    if isinstance(column, np.ndarray) and column.dtype == np.float64:
        listed = column.tolist()
        for gap in np.flatnonzero(np.isnan(column)):
            listed[gap] = None
        return listed
    if not isinstance(column, np.ndarray) and set(map(type, column)) <= {int, bool, type(None)}:
        return column
    known: dict[str, object] = {}
    values: list[object] = []
    for value in column:
        if type(value) is not str:
            values.append(plain(value))
            continue
        if value not in known:
            known[value] = plain(value)
        values.append(known[value])
    return values


def _spelled(values: Sequence[object]) -> list[object]:
    known: dict[tuple[type, object], str] = {}
    spelled: list[object] = []
    for value in values:
        if value is None:
            spelled.append(None)
            continue
        key = (type(value), value)
        if key not in known:
            known[key] = spelling_of(value)  # type: ignore[arg-type]
        spelled.append(known[key])
    return spelled
