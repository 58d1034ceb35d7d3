"""``hcdv-stream select``: which examples to train on, from a table of values."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import typer

from hcdv_stream.cli import columns
from hcdv_stream.offline.tables import TableError, check_writable, read_table, write_table
from hcdv_stream.settings import load_settings
from hcdv_stream.valuation.selection import select as choose

StrategyChoice = Literal["spread", "top"]


def select(
    *,
    source: Annotated[Path, typer.Option("--input", help="Parquet file that `value` wrote.")],
    share: Annotated[float, typer.Option(help="Share of the examples to choose, 0 to 1.")],
    out: Annotated[Path, typer.Option(help="File of ids to write, .csv or .parquet.")],
    strategy: Annotated[
        StrategyChoice,
        typer.Option(help="spread: drop the worst of each class, then draw; top: the highest."),
    ] = "spread",
    seed: columns.Seed = None,
) -> None:
    """Choose examples to train on by their value.

    The highest values pile up in dense regions, so `spread` only drops what does harm, as many of a
    class as the column `evaluated` (where there is none, `value`) says, and draws evenly over the
    classes from the rest.
    """
    settings = load_settings(seed=seed)
    check_writable(out, (".csv", ".parquet"))
    table = read_table(source)
    missing = [name for name in ("id", "label", "value") if name not in table.column_names]
    if missing:
        raise TableError(
            f"{source} has no column {missing[0]!r}; give a file that `hcdv-stream value` wrote"
        )
    labels = np.unique(table["label"].to_pylist(), return_inverse=True)[1]
    generator = np.random.default_rng(settings.seed)
    evaluated = table["evaluated"].to_numpy() if "evaluated" in table.column_names else None
    rows = choose(
        table["value"].to_numpy(), labels, share, strategy, generator, evaluated=evaluated
    )
    write_table(out, table.select(["id", "label", "value"]).take(rows))
    typer.echo(f"{len(rows):,} of {len(table):,} examples written to {out}")
