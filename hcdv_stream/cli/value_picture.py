"""The pictures that ``value`` and ``suspects`` draw: how values, or doubts, of a class spread."""

from pathlib import Path

import pyarrow as pa

from hcdv_stream.errors import HcdvError
from hcdv_stream.extras import needs
from hcdv_stream.offline.tables import check_writable


def check_picture(path: Path) -> None:
    """Raise HcdvError where the picture could not be drawn: before anything is valued."""
    try:
        import matplotlib as mpl  # noqa: PLC0415 (an extra, and slow to load)
    except ModuleNotFoundError as error:
        raise HcdvError(needs("--plot", "plot")) from error
    mpl.use("agg")
    check_writable(path, (".png", ".svg", ".pdf"))


def draw_picture(table: pa.Table, method: str, path: Path) -> None:
    """Draw the columns ``value`` and ``label`` of a table of values."""
    _draw(table, "value", f"Values by {method}", path)


def draw_doubts(table: pa.Table, path: Path) -> None:
    """Draw the columns ``doubt`` and ``label`` of a table of doubts."""
    _draw(table, "doubt", "Doubts: how likely labels are wrong", path)


def _draw(table: pa.Table, column: str, title: str, path: Path) -> None:
    import matplotlib.pyplot as plt  # noqa: PLC0415

    from hcdv_stream.plots import value_histogram  # noqa: PLC0415

    labels = table["label"].to_numpy(zero_copy_only=False).astype(str)
    figure, ax = plt.subplots(figsize=(7.0, 4.0), layout="constrained")
    value_histogram(table[column].to_numpy(), labels=labels, ax=ax)
    ax.set_xlabel(column)
    ax.set_title(title, loc="left")
    figure.savefig(path, dpi=150)
    plt.close(figure)
