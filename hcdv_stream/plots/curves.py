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
    """Draw curves of one kind; those in random order are grey.

    Parameters
    ----------
    curves : mapping from str to Curve
        The curves by name.
    score : str, default="balanced accuracy"
        What the scores are.
    ax : matplotlib Axes, optional
        Where to draw. The default is a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If there is no curve, or removal and addition are mixed.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from hcdv_stream.methods import removal_curve
    >>> from hcdv_stream.plots import plot_curves
    >>> ax = plot_curves({"lowest first": removal_curve([0.3, -0.1, 0.2], len)}, score="left")
    >>> ax.get_ylabel()
    'left'

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
