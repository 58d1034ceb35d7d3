"""The tree of coalitions as nested rectangles: area for size, colour for value per example."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle
from matplotlib.ticker import ScalarFormatter

from hcdv_stream.estimator import HCDV, Coalition
from hcdv_stream.estimator.constraints import Whole, check, shown
from hcdv_stream.plots.squarify import Box, squarified
from hcdv_stream.plots.style import canvas

_WIDE, _HIGH = 1.6, 1.0
_LABELLED = 0.012
"""A cell shows its name where it takes that share of the picture."""


def coalition_map(fitted: HCDV, *, height: int = 0, ax: Axes | None = None) -> Axes:
    """Draw coalitions as nested rectangles; blue ones are worth more per example than the average.

    Parameters
    ----------
    fitted : HCDV
        A fitted estimator.
    height : int, default=0
        The height of the coalitions that are drawn: 0 draws the leaves, 1 their parents alone, and
        so on.
    ax : matplotlib Axes, optional
        Where to draw. The default is a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    TypeError
        If ``fitted`` is another method, which has no tree.
    ValueError
        If every example was forgotten, or ``height`` is below 0.
    NotFittedError
        If it was not fitted.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from hcdv_stream.methods import HCDV
    >>> from hcdv_stream.plots import coalition_map
    >>> X, y = [[row % 5.0, row % 3.0] for row in range(40)], [0, 1] * 20
    >>> ax = coalition_map(HCDV("identity", leaf_size=8, merge_below=2).fit(X, y))
    >>> len(ax.patches) > 4
    True

    """
    if not isinstance(fitted, HCDV):
        raise TypeError(f"coalition_map draws the tree of a fitted HCDV, got {shown(fitted)}")
    check("height", height, (Whole(0),))
    root, *below = fitted.coalitions_
    if not root.size:
        raise ValueError("there is no example to draw: all were forgotten")
    height = min(height, root.height)
    found = [root, *(each for each in below if each.size and each.height >= height)]
    boxes = _boxes(found)
    cells = [each for each in found if each.height == height]
    mean = root.value / root.size
    worth = np.array([each.value / each.size for each in cells])
    reach = max(float(np.quantile(np.abs(worth - mean), 0.98)), 1e-12)
    paint = ScalarMappable(Normalize(mean - reach, mean + reach), colormaps["RdBu"])
    ax = canvas(ax, 8.0, 5.0)
    for each, value in zip(cells, worth.tolist(), strict=True):
        _draw_cell(ax, boxes[each.name], each, tuple(paint.to_rgba(np.array([value]))[0].tolist()))
    for each in found:
        if each.height > height:
            box = boxes[each.name]
            frame = Rectangle(box[:2], box.width, box.height, fill=False)
            frame.set(edgecolor="black", linewidth=0.6 + 0.7 * (each.height - height))
            ax.add_patch(frame)
    ax.set(xlim=(0, _WIDE), ylim=(0, _HIGH), aspect="equal")
    ax.axis("off")
    bar = ax.figure.colorbar(paint, ax=ax, shrink=0.85, pad=0.02, extend="both", format=_numbers())
    bar.set_label("value per example (line: average)")
    bar.ax.axhline(mean, color="black", linewidth=1)
    return ax


def _numbers() -> ScalarFormatter:
    formatter = ScalarFormatter(useMathText=True)
    formatter.set_powerlimits((-2, 3))
    return formatter


def _boxes(found: Sequence[Coalition]) -> Mapping[str, Box]:
    """Place every coalition, parents before their children."""
    below: dict[str, list[Coalition]] = {}
    for each in found:
        if each.parent is not None:
            below.setdefault(each.parent, []).append(each)
    boxes = {found[0].name: Box(0.0, 0.0, _WIDE, _HIGH)}
    for each in found:
        children = below.get(each.name, [])
        placed = squarified([child.size for child in children], boxes[each.name])
        boxes.update(zip((child.name for child in children), placed, strict=True))
    return boxes


def _draw_cell(ax: Axes, box: Box, cell: Coalition, colour: tuple[float, ...]) -> None:
    ax.add_patch(
        Rectangle(
            box[:2], box.width, box.height, facecolor=colour, edgecolor="white", linewidth=0.4
        )
    )
    if box.width * box.height < _LABELLED * _WIDE * _HIGH:
        return
    dark = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] < 0.5
    ax.text(
        box.x + box.width / 2,
        box.y + box.height / 2,
        f"{cell.name}\n{cell.size:,}",
        color="white" if dark else "black",
        fontsize=7,
        ha="center",
        va="center",
    )
