"""The Shapley-style value of every training example, kept current while examples stream in.

``HCDV`` is imported when it is asked for: services that use single modules load no scikit-learn.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hcdv_stream.estimator import HCDV

__all__ = ["HCDV", "__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name != "HCDV":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from hcdv_stream.estimator import HCDV  # noqa: PLC0415

    return HCDV


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
