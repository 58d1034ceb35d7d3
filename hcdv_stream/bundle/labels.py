"""How a label is spelt: classes are strings, whatever a file or a message holds."""

import math
from collections.abc import Iterable, Mapping

from hcdv_stream.bundle.errors import LabelError
from hcdv_stream.bundle.normalisation.spelling import BOOLEAN_TEXTS, TRUE_TEXTS, plain, text_of


def label_text(value: object) -> str:
    """Return the one spelling of a label.

    It is ``1`` for true, ``TRUE``, 1, 1.0 and ``" 1 "``, ``0`` for false, and trimmed text else.
    Raises LabelError, reason ``missing_label`` for a gap, ``wrong_type`` for anything that is
    neither text, a finite number nor a boolean.
    """
    found = plain(value)
    if found is None:
        missing = "missing" if value is None else f"{str(value)[:16]!r}, which stands for none"
        raise LabelError("missing_label", f"the label is {'empty' if value == '' else missing}")
    if isinstance(found, str) and found in BOOLEAN_TEXTS:
        return "1" if found in TRUE_TEXTS else "0"
    if isinstance(found, bool):
        return "1" if found else "0"
    if isinstance(found, str | int) or (isinstance(found, float) and math.isfinite(found)):
        return text_of(found)
    raise LabelError("wrong_type", f"the label must be text, got {str(value)[:64]}")


def class_indices(classes: Iterable[str]) -> Mapping[str, int]:
    """Return the index of each class by its name and by its one spelling.

    Names are as bundles of earlier versions hold them, such as ``TRUE``. A name counts as it is
    before a spelling that it shares with another.
    """
    names = {name: index for index, name in enumerate(classes)}
    spellings: dict[str, int] = {}
    shared: set[str] = set()
    for name, index in names.items():
        try:
            spelling = label_text(name)
        except LabelError:
            continue
        if spelling in spellings:
            shared.add(spelling)
        spellings[spelling] = index
    return names | {
        each: index for each, index in spellings.items() if each not in shared and each not in names
    }


def class_index(value: object, index: Mapping[str, int]) -> int:
    """Return the class of a label; ``index`` is of ``class_indices``.

    A name of a class is that class as it stands; any other label is spelt by ``label_text``.
    Raises LabelError as that does, and with reason ``unknown_label``.
    """
    found = index.get(value) if isinstance(value, str) else index.get(_earlier_name(value))
    if found is not None:
        return found
    text = label_text(value)
    found = index.get(text)
    if found is None:
        raise LabelError(
            "unknown_label", f"the label {text[:64]!r} is none of {', '.join(list(index)[:16])}"
        )
    return found


def class_named(label: str, classes: Iterable[str]) -> int:
    """Return the index of the class that a label spells, or -1."""
    try:
        return class_index(label, class_indices(classes))
    except LabelError:
        return -1


def _earlier_name(value: object) -> str:
    """Return how versions before named the class of a boolean."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ""
