"""What y, ids and providers may be, and what the engine takes instead."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import column_or_1d

from hcdv_stream.bundle.labels import class_indices, label_text
from hcdv_stream.bundle.normalisation.gaps import is_gap
from hcdv_stream.bundle.normalisation.providers import provider_of
from hcdv_stream.bundle.normalisation.spelling import boolean_of, number_of
from hcdv_stream.estimator.constraints import shown

Codes = npt.NDArray[np.int16]
Array = npt.NDArray[Any]


def classes_of(y: Any, name: str = "y") -> Array:
    """Return the sorted classes of a target, (C,), at least 2; raises ValueError."""
    classes: Array = _one_of_each(np.unique(_target(y, name)))
    if len(classes) < 2:
        found = f"1 class, {classes.tolist()[0]!r}" if len(classes) else "no label"
        raise ValueError(
            f"{name} has {found}, and at least 2 classes are needed: give examples of more "
            "(partial_fit takes the names of all classes if the others come later)"
        )
    if len(classes) > np.iinfo(np.int16).max:
        raise ValueError(
            f"{name} has {len(classes)} classes: at most {np.iinfo(np.int16).max} may be"
        )
    return classes


def codes_of(y: Any, classes: Array, name: str) -> Codes:
    """Return class indices, (n,); raises ValueError for a label that is no class."""
    target = _target(y, name)
    distinct, places = np.unique(target, return_inverse=True)
    index = class_indices(class_names(classes))
    codes = np.array([index.get(label_text(each), -1) for each in distinct.tolist()], np.int16)
    found: Codes = codes[places]
    strangers = np.flatnonzero(found < 0)
    if len(strangers):
        raise ValueError(_unknown(target[strangers[0]], classes, name))
    return found


def _one_of_each(labels: Array) -> Array:
    """Return the first of the sorted labels that spell one class, text in order of its spelling."""
    first = {label_text(label): row for row, label in reversed(list(enumerate(labels.tolist())))}
    if labels.dtype.kind in "OU":
        return labels[[first[text] for text in sorted(first)]]
    return labels if len(first) == len(labels) else labels[sorted(first.values())]


def _unknown(label: Any, classes: Array, name: str) -> str:
    known = shown(classes.tolist())
    return f"{name} has the label {_python(label)!r}, unknown to fit: the classes are {known}"


def class_names(classes: Array) -> tuple[str, ...]:
    """Return how ``utility="class:<label>"`` spells the classes."""
    return tuple(label_text(label) for label in classes.tolist())


def providers_of(provider: Any, samples: int) -> list[str | None]:
    """Return a name or None for each example; None and NaN stand for nobody in particular."""
    if provider is None:
        return [None] * samples
    named = _listed(provider, "provider")
    _check_length(named, samples, "provider")
    return [_provider(each) for each in named]


def _provider(value: Any) -> str | None:
    try:
        return provider_of(value)
    except ValueError:
        return str(value)  # such as a tuple: whatever tells providers apart is a name


def ids_of(ids: Iterable[Any], samples: int) -> list[Any]:
    """Return one id for each example, as Python values; raises ValueError if one comes twice."""
    listed = plain(ids)
    _check_length(listed, samples, "ids")
    if len({str(name) for name in listed}) < len(listed):
        raise ValueError("ids must differ from each other within one call")
    return listed


def plain(ids: Iterable[Any]) -> list[Any]:
    """Return ids as Python values; raises TypeError for a single one."""
    return [_python(name) for name in _listed(ids, "ids")]


def _listed(values: Any, name: str) -> list[Any]:
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise TypeError(
            f"{name} must be a list with an entry for each example, got {shown(values)}"
        )
    return list(values)


def _target(y: Any, name: str) -> Array:
    """Return labels as an array (n,): whole numbers, booleans or text. Raises ValueError."""
    target = _labels(y, name)
    if target.ndim == 2 and target.shape[1] == 1:
        target = column_or_1d(target, warn=True)
    if target.ndim != 1:
        raise ValueError(
            f"{name} must hold one label for each example, got the shape {target.shape}"
        )
    if isinstance(target, np.ma.MaskedArray) and np.ma.is_masked(target):
        raise ValueError(f"{name} has masked entries: leave these rows out")
    if target.dtype.kind == "O":
        target = _one_kind(target, name)
    if target.dtype.kind in "OU":
        gap = next((label for label in np.unique(target).tolist() if is_gap(label)), None)
        if gap is not None:
            row = int(np.flatnonzero(target == gap)[0])
            raise ValueError(f"{name} has no label in row {row}, it is {gap!r}: leave the row out")
    if target.dtype.kind == "f":
        odd = np.flatnonzero(~(np.isfinite(target) & (target == np.floor(target))))
        if len(odd):
            raise ValueError(_refused(name, target[odd[0]], odd[0]))
    elif target.dtype.kind not in "OUbiu":
        raise ValueError(f"{name} must hold {_LABELS}, got {target.dtype} values")
    return target


_LABELS = "classes: text, booleans or whole numbers"


def _labels(y: Any, name: str) -> Array:
    """Return an array of the labels; a list of several types stays as it is, in objects."""
    if isinstance(y, list | tuple) and len({type(each) for each in y}) > 1:
        entries = np.empty(len(y), object)
        entries[:] = list(y)
        return entries
    try:
        target: Array = np.asanyarray(y)
    except ValueError:
        raise ValueError(f"{name} must hold one label for each example, got {shown(y)}") from None
    return target


def _one_kind(target: Array, name: str) -> Array:
    """Return objects as an array of text, or of numbers; raises ValueError for anything else."""
    kinds: dict[str, Any] = {}
    for row, value in enumerate(target.tolist()):
        plain_value = _python(value)
        whole = isinstance(plain_value, int) or (
            isinstance(plain_value, float) and plain_value.is_integer()
        )
        if not (whole or isinstance(plain_value, str)):
            raise ValueError(_refused(name, plain_value, row))
        kinds.setdefault("text" if isinstance(plain_value, str) else "number", plain_value)
    if len(kinds) > 1:
        numbers = [_number(_python(each)) for each in target.tolist()]
        if None not in numbers:
            return np.array(numbers)
        text, number = shown(kinds["text"]), shown(kinds["number"])
        raise ValueError(
            f"{name} mixes text and numbers, {text} and {number}: give labels of one kind"
        )
    return target if "text" in kinds else np.array([_python(each) for each in target.tolist()])


def _number(value: Any) -> Any:
    """Return a number, and what a text that spells one or a boolean stands for, or None."""
    if not isinstance(value, str):
        return value
    truth = boolean_of(value.strip())
    return number_of(value.strip()) if truth is None else int(truth)


def _refused(name: str, value: Any, row: Any) -> str:
    if is_gap(_python(value)):
        return f"{name} has no label in row {row}, it is {_python(value)}: leave the row out"
    return f"{name} must hold {_LABELS}, got {shown(_python(value))} in row {row}"


def _python(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _check_length(values: list[Any], samples: int, name: str) -> None:
    if len(values) != samples:
        raise ValueError(
            f"{name} must have one entry for each example: it has {len(values)} for {samples}"
        )
