"""What the pictures share: colours that colour-blind readers tell apart, and quiet axes."""

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6F4E37", "#000000")
"""Okabe and Ito's palette, its pale yellow replaced by a brown."""
QUIET = "#8A8A8A"


def colour(place: int) -> str:
    """Return a colour for the place-th series; they come again after eight."""
    return COLOURS[place % len(COLOURS)]


def canvas(ax: Axes | None, width: float = 7.0, height: float = 4.0) -> Axes:
    """Return ``ax``, or the axes of a new figure of that size in inches."""
    if ax is not None:
        return ax
    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def quieten(ax: Axes) -> None:
    """Leave only the lines that are read."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color="#E4E4E4", linewidth=0.8)
    ax.set_axisbelow(True)
