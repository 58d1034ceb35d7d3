"""The public API of the package: what its ``__all__`` name."""

import inspect
from typing import Any

import hcdv_stream
from hcdv_stream import estimator, methods, plots

PACKAGES = (hcdv_stream, estimator, methods, plots)


def public() -> dict[str, Any]:
    """Every public class and function by its name."""
    found = {name: getattr(package, name) for package in PACKAGES for name in package.__all__}
    return {
        n: each for n, each in found.items() if inspect.isclass(each) or inspect.isfunction(each)
    }
