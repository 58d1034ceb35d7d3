"""One spelling of each plain value: booleans, numbers and text, whatever wrote them.

A text is trimmed. ``True``, ``TRUE`` and ``true`` are true. A numeral is the number that it spells.
A text of digits that begins with 0, such as ``007``, is a code, and stays text.
"""

import math
import re
from decimal import Decimal

import numpy as np

from hcdv_stream.bundle.normalisation.gaps import is_gap

Plain = bool | int | float | str

TRUE_TEXTS = frozenset({"true", "True", "TRUE"})
FALSE_TEXTS = frozenset({"false", "False", "FALSE"})
BOOLEAN_TEXTS = TRUE_TEXTS | FALSE_TEXTS
INTEGER = r"[+-]?(?:0|[1-9][0-9]*)"
NUMERAL = r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
INFINITE = r"[+-]?(?:inf|Inf|INF|infinity|Infinity)"
"""Regular expressions that Python and RE2 understand alike."""

_INTEGER = re.compile(INTEGER)
_NUMERAL = re.compile(NUMERAL)
_PADDED = re.compile(r"([+-]?)0+([0-9].*)")


def plain(value: object) -> object:
    """Return None for a gap, and numpy's and decimal numbers as Python's; text is trimmed."""
    if isinstance(value, np.generic):
        value = _item(value)
    if is_gap(value):
        return None
    if isinstance(value, str):
        return str(value).strip()
    if isinstance(value, Decimal):
        return float(value) if value.is_finite() else None
    return value


def _item(value: np.generic) -> object:
    if isinstance(value, np.datetime64):  # whose item() may be a bare integer
        return None if np.isnat(value) else value
    return value.item()


def number_of(text: str, *, padded: bool = False) -> int | float | None:
    """Return the finite number that a trimmed text spells, or None.

    ``padded`` takes ``007`` for 7.
    """
    if padded and (match := _PADDED.fullmatch(text)):
        text = match[1] + match[2]
    if _INTEGER.fullmatch(text) and len(text) <= 300:
        return int(text)
    if _NUMERAL.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else None
    return None


def number_text(number: int | float) -> str:
    """Return the one spelling of a finite number: ``1`` for 1.0, ``0.5`` for 0.50."""
    if isinstance(number, float):
        return str(int(number)) if number.is_integer() else repr(number)
    return str(number)


def text_of(value: Plain) -> str:
    """Return the one spelling of a plain value: ``true`` for TRUE, ``1`` for 1.0, trimmed text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text_of_text(value)
    return number_text(value) if math.isfinite(value) else repr(value)


def boolean_of(value: object) -> bool | None:
    """Return what true, 1, 1.0, ``TRUE`` and ``1`` stand for, or None for what is no boolean."""
    if isinstance(value, str):
        if value in BOOLEAN_TEXTS:
            return value in TRUE_TEXTS
        value = number_of(value)
    if isinstance(value, bool | int | float) and value in (0, 1):
        return bool(value)
    return None


def _text_of_text(text: str) -> str:
    if text in BOOLEAN_TEXTS:
        return "true" if text in TRUE_TEXTS else "false"
    number = number_of(text)
    return text if number is None else number_text(number)
