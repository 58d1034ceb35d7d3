"""How the values of each class spread."""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from hcdv_stream.estimator import HCDV
from hcdv_stream.plots.style import QUIET, canvas, colour, quieten

_TAIL = 0.005


def value_histogram(
    fitted: HCDV,
    values: npt.ArrayLike | None = None,
    *,
    bins: int = 60,
    ax: Axes | None = None,
) -> Axes:
    """Draw which share of each class has which value, each class's median dashed.

    ``values`` (n,) replaces ``values_``, for example by those under other weights. The outermost
    bins also hold what lies beyond them: half a percent of the samples at either end.
    """
    worth = np.asarray(fitted.values_ if values is None else values, dtype=np.float64)
    labels = fitted.labels_
    shown = ~np.isnan(worth)
    least, most = np.quantile(worth[shown], [_TAIL, 1.0 - _TAIL])
    edges = np.histogram_bin_edges(np.clip(worth[shown], least, most), bins).tolist()
    ax = canvas(ax)
    for place, label in enumerate(fitted.classes_):
        own = worth[shown & (labels == place)]
        if not len(own):
            continue
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
