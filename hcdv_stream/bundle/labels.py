"""How a label is spelt: classes are strings, whatever a file or a message holds."""

import math
from collections.abc import Mapping

from hcdv_stream.bundle.errors import LabelError


def label_text(value: object) -> str:
    """Return the one spelling of a label: ``true`` for true, ``1`` for 1 and 1.0, text as it is.

    Raises LabelError, reason ``missing_label`` for null and empty text, ``wrong_type`` for
    anything that is neither text, a finite number nor a boolean.
    """
    if isinstance(value, str):
        if value:
            return value
        raise LabelError("missing_label", "the label is empty")
    if value is None:
        raise LabelError("missing_label", "the label is missing")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() else repr(value)
    raise LabelError("wrong_type", f"the label must be text, got {str(value)[:64]}")


def class_index(value: object, index: Mapping[str, int]) -> int:
    """Return the class of a label; ``index`` maps spellings to class indices.

    Raises LabelError as ``label_text`` does, and with reason ``unknown_label``.
    """
    text = label_text(value)
    found = index.get(text)
    if found is None:
        raise LabelError(
            "unknown_label", f"the label {text[:64]!r} is none of {', '.join(list(index)[:16])}"
        )
    return found
