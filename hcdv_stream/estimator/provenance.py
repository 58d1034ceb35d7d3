"""How values came about: enough to get them again."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

_VERSIONED = ("hcdv-stream", "numpy", "scikit-learn")


def provenance(
    parameters: Mapping[str, Any],
    seed: int,
    *,
    examples: int,
    validation_examples: int,
    classes: Sequence[str],
    encoder: Mapping[str, float],
    **others: Any,
) -> dict[str, Any]:
    """Return parameters, seed, versions and sizes, all of them JSON values.

    ``others`` are what one method alone has to say.
    """
    return {
        "parameters": plain_parameters(parameters),
        "seed": seed,
        "examples": examples,
        "validation_examples": validation_examples,
        "classes": list(classes),
        "encoder": dict(encoder),
        "versions": versions(),
        **others,
    }


def plain_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return copies of parameters as JSON values.

    A function stands as its qualified name; a model, a criterion or a generator as its text.
    """
    return {name: _plain(value) for name, value in parameters.items()}


def versions() -> dict[str, str]:
    """Return those of Python, of this package, and of what decides about a value's bits."""
    return {"python": platform.python_version()} | {name: version(name) for name in _VERSIONED}


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return plain_parameters(value)
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, BaseEstimator) or is_dataclass(value):
        return str(value)
    return getattr(value, "__qualname__", None) or str(value)
