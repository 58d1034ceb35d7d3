"""Removal and addition curves side by side."""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from hcdv_stream.estimator.curves import Curve
from hcdv_stream.plots.style import QUIET, canvas, colour, quieten

_VERBS = {"removal": "removed", "addition": "added"}


def plot_curves(
    curves: Mapping[str, Curve], *, score: str = "balanced accuracy", ax: Axes | None = None
) -> Axes:
    """Draw curves of one kind by name; those in random order are grey.

    Raises ValueError where there is none, or removal and addition are mixed.
    """
    kinds = sorted({curve.kind for curve in curves.values()})
    if len(kinds) != 1:
        raise ValueError(f"curves must be all removals or all additions, got {kinds or 'none'}")
    ax = canvas(ax)
    place = 0
    for name, curve in curves.items():
        random = curve.order == "random"
        ax.plot(
            curve.shares,
            curve.scores,
            color=QUIET if random else colour(place),
            linestyle="--" if random else "-",
            marker="o",
            markersize=3.5,
            label=name,
        )
        place += not random
    ax.xaxis.set_major_formatter(PercentFormatter(1.0))
    ax.set_xlabel(f"share of the examples {_VERBS[kinds[0]]}")
    ax.set_ylabel(score)
    ax.legend(frameon=False)
    quieten(ax)
    return ax
