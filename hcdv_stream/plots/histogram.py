"""How the values of each class spread."""

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter
from sklearn.base import BaseEstimator

from hcdv_stream.estimator.constraints import Whole, check, shown
from hcdv_stream.estimator.fitted import check_fitted
from hcdv_stream.methods.protocol import ValuationMethod
from hcdv_stream.plots.style import QUIET, canvas, colour, quieten
from hcdv_stream.valuation.methods.sampling.run import Estimate

_TAIL = 0.005


def value_histogram(
    valued: ValuationMethod | Estimate | npt.ArrayLike,
    values: npt.ArrayLike | None = None,
    *,
    labels: npt.ArrayLike | None = None,
    bins: int = 60,
    ax: Axes | None = None,
) -> Axes:
    """Draw which share of each class has which value, each class's median dashed.

    The outermost bins also hold what lies beyond them: half a percent of the examples at either
    end. NaN is left out.

    Parameters
    ----------
    valued : fitted HCDV or other method, Estimate, or array-like of shape (n,)
        What to draw; an estimate and plain values need ``labels``.
    values : array-like of shape (n,), optional
        Replaces the values of a fitted method, for example by those under other weights.
    labels : array-like of shape (n,), optional
        The label of each example, if ``valued`` does not know it.
    bins : int, default=60
        How many bins there are.
    ax : matplotlib Axes, optional
        Where to draw. The default is a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If labels and values do not fit.
    NotFittedError
        If the method was not fitted.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from hcdv_stream.plots import value_histogram
    >>> ax = value_histogram([0.1, 0.2, -0.1, 0.3], labels=["a", "a", "b", "b"])
    >>> ax.get_xlabel()
    'value'

    """
    check("bins", bins, (Whole(1),))
    worth, names = _labelled(valued, values, labels)
    shown = ~np.isnan(worth)
    if not shown.any():
        raise ValueError("there is no value to draw")
    least, most = np.quantile(worth[shown], [_TAIL, 1.0 - _TAIL])
    edges = np.histogram_bin_edges(np.clip(worth[shown], least, most), bins).tolist()
    ax = canvas(ax)
    for place, label in enumerate(np.unique(names[shown])):
        own = worth[shown & (names == label)]
        name = f"{label} ({len(own):,})"
        drawn, each = np.clip(own, least, most), np.full(len(own), 1 / len(own))
        ax.hist(drawn, edges, weights=each, histtype="stepfilled", color=colour(place), alpha=0.25)
        ax.hist(
            drawn, edges, weights=each, histtype="step", color=colour(place), lw=1.5, label=name
        )
        ax.axvline(float(np.median(own)), color=colour(place), linestyle="--", linewidth=1)
    ax.axvline(0.0, color=QUIET, linewidth=1)
    ax.set_xlabel("value")
    ax.set_ylabel("share of the class")
    ax.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g}%"))
    ax.ticklabel_format(axis="x", style="sci", scilimits=(-2, 3), useMathText=True)
    ax.legend(title="class", frameon=False)
    quieten(ax)
    return ax


def _labelled(
    valued: ValuationMethod | Estimate | npt.ArrayLike,
    values: npt.ArrayLike | None,
    labels: npt.ArrayLike | None,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[Any]]:
    """Return values (n,) and labels (n,); an example in V has any label, and the value NaN."""
    if isinstance(valued, BaseEstimator):
        check_fitted(valued)
    if isinstance(valued, ValuationMethod):
        names = valued.classes_[valued.labels_]
        found = valued.values_ if values is None else values
    else:
        if values is not None:
            raise ValueError("values replaces those of a fitted method only")
        if labels is None:
            raise ValueError("value_histogram needs labels, unless it is given a fitted method")
        names = np.asarray(labels)
        found = valued.values if isinstance(valued, Estimate) else valued
    try:
        worth = np.asarray(found, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"values must be numbers, (n,), got {shown(found)}") from None
    if worth.shape != names.shape:
        raise ValueError(f"{len(worth)} values have {len(names)} labels")
    return worth, names
