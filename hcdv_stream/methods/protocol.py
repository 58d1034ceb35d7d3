"""What ``HCDV`` and every method have in common."""

from collections.abc import Iterable
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.selection import Strategy


@runtime_checkable
class ValuationMethod(Protocol):
    """An estimator that values examples. Everything but ``fit`` needs a fit.

    Arrays of results have an entry for each example, in the order of X. An example that became
    part of V is not valued: its value and its standard error are NaN.

    Attributes
    ----------
    values_ : ndarray of shape (n,)
        What each example is worth.
    stderr_ : ndarray of shape (n,)
        The standard error of each value. It is 0 if the method draws nothing at random, and NaN if
        too little was drawn to tell.
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    labels_ : ndarray of shape (n,)
        The place of each example's label in ``classes_``, -1 in V.
    ids_ : ndarray of shape (n,)
        The ids as they were given.
    provenance_ : dict
        Parameters, seed, versions and sizes: enough to get the values again.

    """

    @property
    def values_(self) -> Floats: ...

    @property
    def stderr_(self) -> Floats: ...

    @property
    def classes_(self) -> npt.NDArray[Any]: ...

    @property
    def labels_(self) -> npt.NDArray[np.int16]: ...

    @property
    def ids_(self) -> npt.NDArray[Any]: ...

    @property
    def provenance_(self) -> dict[str, Any]: ...

    def fit(
        self,
        X: Any,
        y: Any,
        X_val: Any = None,
        y_val: Any = None,
        *,
        provider: Iterable[Any] | None = None,
        ids: Iterable[Any] | None = None,
    ) -> Self:
        """Value the examples.

        Parameters
        ----------
        X : array-like of shape (n, n_features), DataFrame, list of dicts, or what the encoder takes
            The examples to value.
        y : array-like of shape (n,)
            Their labels.
        X_val : same as X, optional
            The trusted examples V.
        y_val : array-like of shape (n_val,), optional
            The labels of V.
        provider : iterable of length n, optional
            Who supplied each example.
        ids : iterable of length n, optional
            The examples' ids.

        Returns
        -------
        self

        """

    def select(
        self, share: float, strategy: Strategy = "spread", *, random_state: Any = None
    ) -> npt.NDArray[np.intp]:
        """Choose examples to train on.

        Parameters
        ----------
        share : float
            The share of the valued examples to return, in (0, 1].
        strategy : {"spread", "top"}, default="spread"
            How they are chosen.
        random_state : int, RandomState instance or None, default=None
            Decides what ``spread`` draws. None is the seed of the fit.

        Returns
        -------
        ndarray of int
            Ascending indices into X.

        """

    def to_frame(self) -> Any:
        """Return what is known of each example as a table.

        Returns
        -------
        DataFrame
            A row for each example; the index is ``id``.

        """
