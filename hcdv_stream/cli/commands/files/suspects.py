"""``hcdv-stream suspects``: which labels are probably wrong, of a file or of a running service."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic_core import to_json
from rich.console import Console
from rich.table import Table

from hcdv_stream.cli import columns
from hcdv_stream.cli.api_options import Key, Url
from hcdv_stream.cli.file_notes import say_notes
from hcdv_stream.cli.printed import shortened
from hcdv_stream.cli.report_file import check_report
from hcdv_stream.cli.value_picture import check_picture, draw_doubts
from hcdv_stream.errors import HcdvError
from hcdv_stream.settings import load_settings

if TYPE_CHECKING:
    from hcdv_stream.client.calls import SuspectConditions
    from hcdv_stream.offline.suspects import DoubtedFile

EVIDENCE = {
    "validation": "calibrated by rows whose labels are trusted",
    "examples": "not calibrated: give checked rows as --trusted, or a --bundle",
}


def suspects(
    source: Annotated[
        Path | None,
        typer.Argument(
            help="Examples: a file, a directory or a pattern; without one a running API is asked.",
            show_default=False,
        ),
    ] = None,
    *,
    label: Annotated[
        str | None,
        typer.Option(help="Column that holds the label; without a file: only this class."),
    ] = None,
    bundle: Annotated[
        Path | None,
        typer.Option(help="What `train` wrote; without it each row is doubted by the others."),
    ] = None,
    trusted: Annotated[
        Path | None,
        typer.Option(help="A file of rows whose labels were checked; only without --bundle."),
    ] = None,
    id_column: columns.Id = None,
    time: columns.Time = None,
    provider: Annotated[
        str | None,
        typer.Option(
            help="Column that says who provided the example; without a file: only this provider's."
        ),
    ] = None,
    drop: columns.Drop = None,
    threshold: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="The doubt above which a label is suspect.")
    ] = 0.5,
    count: Annotated[int, typer.Option(min=1, help="How many to print.")] = 20,
    out: Annotated[
        Path | None, typer.Option(help="Write every row with its doubt, .parquet or .csv.")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            help="Picture to draw, .png, .svg or .pdf: doubts by class; needs the extra plot."
        ),
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write the suspects as JSON to this file; - prints them.")
    ] = None,
    seed: columns.Seed = None,
    url: Url = None,
    key: Key = None,
) -> None:
    """List the examples whose label is probably wrong, the most doubtful first.

    A doubt is a probability and means the same in every class. It comes from models that saw
    neither the example nor, where --provider is given, any row of its provider.

    Without a file the suspects of a running service are listed, by its bundle's doubt model.
    """
    if source is None:
        of_files = {
            "--bundle": bundle,
            "--trusted": trusted,
            "--id": id_column,
            "--time": time,
            "--drop": drop,
            "--out": out,
            "--plot": plot,
            "--seed": seed,
        }
        _refuse(of_files, "is for a file of examples: name one, or leave it out")
        from hcdv_stream.cli.live_suspects import show_suspects

        check_report(json)
        only: SuspectConditions = {"label": label, "provider": provider}
        show_suspects(threshold, count, only, url=url, key=key, json=json)
        return
    _refuse({"--url": url, "--key": key}, "is for a running service: leave the file out")
    if label is None:
        raise HcdvError("--label: name the column of the file that holds the label")
    from hcdv_stream.bundle.bundle import Bundle
    from hcdv_stream.offline.examples import Roles, read_examples
    from hcdv_stream.offline.suspects import doubt_by_bundle, doubt_by_itself, read_trusted
    from hcdv_stream.offline.tables import check_writable, write_table

    settings = load_settings(seed=seed)
    if bundle is not None and trusted is not None:
        raise HcdvError("--trusted: the bundle has its own trusted rows; leave one of the two out")
    if out is not None:
        check_writable(out, (".parquet", ".csv"), [source, trusted])
    if plot is not None:
        check_picture(plot)
    check_report(json)
    roles = Roles(label=label, id=id_column, time=time, provider=provider)
    dropped = columns.names(drop)
    examples = read_examples(source, roles, dropped)
    say_notes(examples.notes)
    if bundle is not None:
        found = doubt_by_bundle(examples, Bundle.load(bundle))
    else:
        checked = None if trusted is None else read_trusted(trusted, label, dropped)
        found = doubt_by_itself(examples, checked, seed=settings.seed)
    if out is not None:
        write_table(out, found.table)
    if plot is not None:
        draw_doubts(found.table, plot)
    if json is not None:
        text = to_json(_report(found, threshold), indent=2) + b"\n"
        if str(json) == "-":
            sys.stdout.buffer.write(text)
            return
        json.write_bytes(text)
    _show(found, threshold, count)


def _refuse(options: Mapping[str, object], said: str) -> None:
    """Raise HcdvError where one of these options is given."""
    for option, value in options.items():
        if value is not None:
            raise HcdvError(f"{option} {said}")


def _report(found: "DoubtedFile", threshold: float) -> dict[str, Any]:
    above = found.above(threshold)
    return {
        "examples": len(found.table),
        "threshold": threshold,
        "suspects": len(above),
        "expected_wrong": found.expected,
        "evidence": found.evidence,
        "calibration": found.calibration,
        "rejected": dict(found.rejected),
        "seen": found.seen,
        "items": above.to_pylist(),
    }


def _show(found: "DoubtedFile", threshold: float, count: int) -> None:
    above = found.above(threshold)
    console = Console()
    table = Table(title="labels that are probably wrong", title_justify="left")
    names = [name for name in above.column_names if name != "why"] + ["why"]
    for name in names:
        table.add_column(name, justify="right" if name == "doubt" else "left")
    for row in above.slice(0, count).to_pylist():
        cells = {**row, "doubt": f"{row['doubt']:.3f}"}
        table.add_row(
            *("" if cells[name] is None else shortened(str(cells[name]), 200) for name in names)
        )
    console.print(table)
    console.print(
        f"{len(above):,} of {len(found.table):,} labels have a doubt above {threshold:g}; about "
        f"{found.expected:.0f} are wrong in all",
        highlight=False,
    )
    console.print(f"doubts are {EVIDENCE[found.evidence]}", highlight=False)
    if found.seen:
        console.print(
            f"{found.seen:,} of {len(found.table):,} rows are among those that the bundle's models "
            "have learned from: their doubts are too small, so leave --bundle out to doubt each "
            "row by models that have not seen it",
            highlight=False,
        )
    for reason, rows in found.rejected.items():
        console.print(f"{rows:,} rows were rejected: {reason}", highlight=False)
