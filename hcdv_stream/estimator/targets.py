"""What y, ids and providers may be, and what the engine takes instead."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from hcdv_stream.bundle.labels import label_text

_GAPS = ("NAType", "NaTType")
"""pandas's, which is not imported."""

Codes = npt.NDArray[np.int16]
Array = npt.NDArray[Any]


def classes_of(y: Any) -> Array:
    """Return the sorted classes of a target, (C,), at least 2; raises ValueError."""
    classes: Array = np.unique(_target(y))
    if len(classes) < 2:
        raise ValueError(
            f"y has 1 class, {classes.tolist()[0]!r}, and at least 2 are needed; partial_fit takes "
            "the names of all classes where the others come later"
        )
    if len(classes) > np.iinfo(np.int16).max:
        raise ValueError(f"y has {len(classes)} classes, at most {np.iinfo(np.int16).max} may be")
    return classes


def codes_of(y: Any, classes: Array, name: str) -> Codes:
    """Return class indices, (n,); raises ValueError for a label that is no class."""
    target = _target(y)
    places = np.minimum(np.searchsorted(classes, target), len(classes) - 1)
    strangers = np.flatnonzero(classes[places] != target)
    if len(strangers):
        raise ValueError(f"{name} has the label {target[strangers[0]].item()!r}, unknown to fit")
    return places.astype(np.int16)


def class_names(classes: Array) -> tuple[str, ...]:
    """Return how ``utility="class:<label>"`` spells the classes."""
    return tuple(label_text(label) for label in classes.tolist())


def providers_of(provider: Any, samples: int) -> list[str | None]:
    """Return a name or None for each sample; None and NaN stand for nobody in particular."""
    if provider is None:
        return [None] * samples
    named = list(provider)
    _check_length(named, samples, "provider")
    return [None if _is_gap(each) else str(each) for each in named]


def ids_of(ids: Iterable[Any], samples: int) -> list[Any]:
    """Return one id for each sample, as Python values; raises ValueError where one comes twice."""
    listed = plain(ids)
    _check_length(listed, samples, "ids")
    if len({str(name) for name in listed}) < len(listed):
        raise ValueError("ids must differ from each other within one call")
    return listed


def plain(ids: Iterable[Any]) -> list[Any]:
    """Return ids as Python values."""
    return [name.item() if isinstance(name, np.generic) else name for name in ids]


def _target(y: Any) -> Array:
    target: Array = column_or_1d(y, warn=True)
    check_classification_targets(target)
    return target


def _is_gap(value: Any) -> bool:
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or type(value).__name__ in _GAPS


def _check_length(values: list[Any], samples: int, name: str) -> None:
    if len(values) != samples:
        raise ValueError(f"{name} must have one entry per sample: {len(values)} for {samples}")
