"""What is wrong with an option, a parameter or a body: the value, and what to give instead."""

from collections.abc import Callable, Mapping
from typing import Any

Context = Mapping[str, Any]

_MOST_SHOWN = 80
"""Characters of a value that are repeated."""

_REFUSED: Mapping[str, Callable[[Context], str]] = {
    "greater_than_equal": lambda of: f"choose at least {_number(of['ge'])}",
    "greater_than": lambda of: f"choose more than {_number(of['gt'])}",
    "less_than_equal": lambda of: f"choose at most {_number(of['le'])}",
    "less_than": lambda of: f"choose less than {_number(of['lt'])}",
    "multiple_of": lambda of: f"choose a multiple of {_number(of['multiple_of'])}",
    "finite_number": lambda _: "give a finite number",
    "int_type": lambda _: "give a whole number",
    "int_parsing": lambda _: "give a whole number",
    "int_parsing_size": lambda _: "give a whole number of fewer digits",
    "int_from_float": lambda _: "give a whole number",
    "float_type": lambda _: "give a number",
    "float_parsing": lambda _: "give a number",
    "bool_type": lambda _: "give true or false",
    "bool_parsing": lambda _: "give true or false",
    "string_type": lambda _: "give a text",
    "string_unicode": lambda _: "give a text in UTF-8",
    "string_pattern_mismatch": lambda of: f"give a text that matches {of['pattern']}",
    "string_too_short": lambda of: f"give at least {of['min_length']} characters",
    "string_too_long": lambda of: f"give at most {of['max_length']} characters",
    "literal_error": lambda of: f"choose {of['expected']}",
    "enum": lambda of: f"choose {of['expected']}",
    "list_type": lambda _: "give a list",
    "too_short": lambda of: f"give at least {of['min_length']} entries",
    "too_long": lambda of: f"give at most {of['max_length']:,} entries",
    "dict_type": lambda _: "give an object",
    "model_type": lambda _: "give an object",
    "model_attributes_type": lambda _: "give an object",
}
"""What to give instead, by the kind of error that the validation library names."""


def refusal_of(error: BaseException | None) -> str | None:
    """Return what the first error of the validation library says; None for any other error."""
    errors = getattr(error, "errors", None)
    found = errors() if callable(errors) else None
    if not found:
        return None
    return refusal(found[0]["type"], found[0].get("input"), found[0].get("ctx") or {})


def refusal(kind: str, given: object, context: Context) -> str:
    """Return what is wrong with a value, and the fix.

    ``kind`` and ``context`` are those of the validation library. A kind that is not known here is
    described without the library's sentence.
    """
    if kind == "missing":
        return "it is missing: give it"
    if kind == "extra_forbidden":
        return "there is no such field: leave it out"
    if kind == "json_invalid":
        return "the body is no JSON"
    found = _REFUSED.get(kind)
    fix = found(context) if found else "give another value"
    return f"{_shown(given)} cannot be used: {fix}"


def _shown(given: object) -> str:
    if isinstance(given, dict):
        return "an object"
    if isinstance(given, list | tuple | set):
        return f"a list of {len(given):,} entries"
    text = repr(given) if isinstance(given, str | bytes) else str(given)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def _number(bound: float) -> str:
    return f"{bound:,}" if isinstance(bound, int) else f"{bound:,.10g}"
