"""How values came about: enough to get them again."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from importlib.metadata import version
from typing import Any

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
    """Return parameters, seed, versions and sizes; JSON values where the parameters are.

    A function stands as its qualified name, a model or a criterion as its text. ``others`` are what
    one method alone has to say.
    """
    return {
        "parameters": {name: _plain(value) for name, value in parameters.items()},
        "seed": seed,
        "examples": examples,
        "validation_examples": validation_examples,
        "classes": list(classes),
        "encoder": dict(encoder),
        "versions": versions(),
        **others,
    }


def versions() -> dict[str, str]:
    """Return those of Python, of this package, and of what decides about a value's bits."""
    return {"python": platform.python_version()} | {name: version(name) for name in _VERSIONED}


def _plain(value: Any) -> Any:
    if isinstance(value, BaseEstimator) or is_dataclass(value):
        return str(value)
    return getattr(value, "__qualname__", None) or str(value) if callable(value) else value
