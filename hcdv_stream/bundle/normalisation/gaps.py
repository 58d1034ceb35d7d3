"""What stands for a missing value, in text and in Python."""

import math

GAP_TEXTS = frozenset(
    {
        *("", "?", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NaT"),
        *("NULL", "Null", "null", "None", "\\N"),
    }
)
"""Texts that stand for a missing value, once the spaces around them are cut."""

_MISSING_TYPES = ("NAType", "NaTType")
"""Those of pandas, which is not imported."""


def is_gap(value: object) -> bool:
    """Say whether a value stands for none: None, NaN, NaT, pandas's NA, or a text of GAP_TEXTS."""
    if value is None:
        return True
    if isinstance(value, str):
        return value in GAP_TEXTS or value.strip() in GAP_TEXTS
    if isinstance(value, float):
        return math.isnan(value)
    return type(value).__name__ in _MISSING_TYPES
