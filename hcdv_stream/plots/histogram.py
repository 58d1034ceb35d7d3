"""How the values of each class spread."""

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from hcdv_stream.estimator import HCDV
from hcdv_stream.plots.style import QUIET, canvas, colour, quieten
from hcdv_stream.valuation.methods.sampling.run import Estimate

_TAIL = 0.005


def value_histogram(
    valued: HCDV | Estimate | npt.ArrayLike,
    values: npt.ArrayLike | None = None,
    *,
    labels: npt.ArrayLike | None = None,
    bins: int = 60,
    ax: Axes | None = None,
) -> Axes:
    """Draw which share of each class has which value, each class's median dashed.

    ``valued`` is a fitted ``HCDV``, any method's estimate, or values (n,); the latter two need
    ``labels`` (n,). ``values`` (n,) replaces those of a fitted one, for example by those under
    other weights. The outermost bins also hold what lies beyond them: half a percent of the samples
    at either end. NaN is left out. Raises ValueError where labels and values do not fit.
    """
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
    valued: HCDV | Estimate | npt.ArrayLike,
    values: npt.ArrayLike | None,
    labels: npt.ArrayLike | None,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[Any]]:
    """Return values (n,) and labels (n,); a sample that judges has any label, and the value NaN."""
    if isinstance(valued, HCDV):
        names = valued.classes_[valued.labels_]
        found = valued.values_ if values is None else values
    else:
        if values is not None:
            raise ValueError("values replaces those of a fitted HCDV only")
        if labels is None:
            raise ValueError("value_histogram needs labels, unless it is given a fitted HCDV")
        names = np.asarray(labels)
        found = valued.values if isinstance(valued, Estimate) else valued
    worth = np.asarray(found, dtype=np.float64)
    if worth.shape != names.shape:
        raise ValueError(f"{len(worth)} values have {len(names)} labels")
    return worth, names
