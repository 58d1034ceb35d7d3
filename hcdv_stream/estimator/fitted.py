"""What is there only after a fit: asking for it too early raises NotFittedError, everywhere alike.

NotFittedError is an AttributeError too, so ``hasattr`` says that a result is not there yet.
"""

from typing import Any

from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted


def check_fitted(estimator: Any) -> None:
    """Raise NotFittedError unless an estimator was fitted."""
    check_is_fitted(estimator, msg="%(name)s is not fitted yet: call fit first")


class FittedAttributes:
    """Names that end in ``_`` are results, which an estimator without a fit does not have."""

    def __getattr__(self, name: str) -> Any:
        """Say what an attribute lacks; called only if the estimator does not have it."""
        kind = type(self).__name__
        result = name.endswith("_") and not name.startswith("_")
        private = name.startswith("_") and not name.startswith("__")
        if (result or private) and not self.__sklearn_is_fitted__():
            then = f", then read {name}" if result else ""
            raise NotFittedError(f"{kind} is not fitted yet: call fit first{then}")
        raise AttributeError(f"{kind} has no attribute {name!r}")

    def __sklearn_is_fitted__(self) -> bool:
        raise NotImplementedError
