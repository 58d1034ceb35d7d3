"""How values came about: enough to get them again."""

import platform
from importlib.metadata import version
from typing import Any

from hcdv_stream.valuation.corpus import Corpus

_VERSIONED = ("hcdv-stream", "numpy", "scikit-learn")


def provenance(
    parameters: dict[str, Any], seed: int, corpus: Corpus, judges: int, encoder: dict[str, float]
) -> dict[str, Any]:
    """Return parameters, seed, versions and sizes; JSON values where the parameters are.

    A function stands as its qualified name.
    """
    header = corpus.state.header
    return {
        "parameters": {name: _plain(value) for name, value in parameters.items()},
        "seed": seed,
        "samples": len(corpus),
        "validation_samples": judges,
        "classes": list(corpus.classes),
        "tree": {
            "leaves": len(corpus.state.leaves),
            "nodes": len(corpus.state.nodes),
            "records": header.records,
            "updates": header.updates,
        },
        "encoder": encoder,
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Return those of Python, of this package, and of what decides about a value's bits."""
    return {"python": platform.python_version()} | {name: version(name) for name in _VERSIONED}


def _plain(value: Any) -> Any:
    return getattr(value, "__qualname__", None) or str(value) if callable(value) else value
