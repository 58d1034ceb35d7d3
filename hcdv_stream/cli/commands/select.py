"""``hcdv-stream select``: which examples to train on, from a table of values."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
import typer

from hcdv_stream.cli import columns
from hcdv_stream.errors import HcdvError
from hcdv_stream.offline.tables import TableError, check_writable, read_table, write_table
from hcdv_stream.settings import load_settings
from hcdv_stream.valuation.selection import REASONS, selection

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
    reasons: Annotated[
        Path | None,
        typer.Option(help="File of all ids with the reason of each, .csv or .parquet."),
    ] = None,
    seed: columns.Seed = None,
) -> None:
    """Choose examples to train on by their value.

    The highest values pile up in dense regions, so `spread` only drops what does harm and draws
    evenly over the classes from the rest. With a column `doubt` it drops what is probably wrong,
    what is doubted a little and below 0 in `evaluated`, and the most doubtful of each class, as
    many as `evaluated` says, up to a tenth; without, as many of a class as `evaluated` (where there
    is none, `value`) says.
    """
    settings = load_settings(seed=seed)
    for file in (out, reasons):
        if file is not None:
            check_writable(file, (".csv", ".parquet"), [source])
    if out is not None and reasons is not None and out.absolute() == reasons.absolute():
        raise HcdvError(f"--out and --reasons are both {out}: give each a file of its own")
    table = read_table(source, ("id", "label"))
    missing = [name for name in ("id", "label", "value") if name not in table.column_names]
    if missing:
        raise TableError(
            f"{source} has no column {missing[0]!r}; give a file that `hcdv-stream value` wrote"
        )
    labels = np.unique(table["label"].to_pylist(), return_inverse=True)[1]
    generator = np.random.default_rng(settings.seed)
    evaluated = table["evaluated"].to_numpy() if "evaluated" in table.column_names else None
    doubts = table["doubt"].to_numpy() if "doubt" in table.column_names else None
    chosen = selection(
        table["value"].to_numpy(),
        labels,
        share,
        strategy,
        generator,
        evaluated=evaluated,
        doubts=doubts if strategy == "spread" else None,
    )
    written = table.select(["id", "label", "value"])
    write_table(out, written.take(chosen.rows))
    if reasons is not None:
        why = [REASONS[place] for place in chosen.reasons.tolist()]
        write_table(reasons, written.append_column("reason", pa.array(why)))
    typer.echo(f"{len(chosen.rows):,} of {len(table):,} examples written to {out}")
