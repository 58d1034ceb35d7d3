"""``hcdv-stream value``: what every example of a file is worth, without Kafka."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from hcdv_stream.cli import columns
from hcdv_stream.settings import Settings, load_settings

if TYPE_CHECKING:
    from hcdv_stream.bundle.bundle import Bundle
    from hcdv_stream.examples import Examples
    from hcdv_stream.file_valuation import FileValuation

_SHOWN = 5


def value(
    *,
    source: columns.Input,
    label: columns.Label,
    out: Annotated[Path, typer.Option(help="Parquet file to write, one row per example.")],
    id_column: columns.Id = None,
    time: columns.Time = None,
    provider: columns.Provider = None,
    bundle: Annotated[
        Path | None, typer.Option(help="What `train` wrote; without it one is trained on a part.")
    ] = None,
    drop: columns.Drop = None,
    utility: Annotated[
        str | None, typer.Option(help="balanced, accuracy or class:<label>; HCDV_UTILITY.")
    ] = None,
    beta: Annotated[
        float | None, typer.Option(help="The peers' share of the judgement; HCDV_BETA.")
    ] = None,
    lam: Annotated[
        float | None, typer.Option("--lambda", help="Weight of the contrast; HCDV_LAM.")
    ] = None,
    seed: columns.Seed = None,
    json: Annotated[
        Path | None, typer.Option(help="Write the summary as JSON to this file; - prints it.")
    ] = None,
) -> None:
    """Value a file as one corpus, in order of time where there is a time column.

    Without --bundle one is trained on 40% of the rows; a quarter of these, at most 2,000, judge
    the others and are not valued themselves.
    """
    from hcdv_stream.examples import Roles, read_examples  # noqa: PLC0415 (loads pyarrow)
    from hcdv_stream.tables import check_writable, write_table  # noqa: PLC0415

    settings = load_settings(seed=seed, utility=utility, beta=beta, lam=lam)
    check_writable(out)
    roles = Roles(label=label, id=id_column, time=time, provider=provider)
    examples = read_examples(source, roles, columns.names(drop))
    chosen, judges, valued = _bundle(bundle, examples, label, settings)
    result = _valued(valued, chosen, settings)
    summary = {
        "examples_valued": len(result.table),
        "validation_rows": len(judges),
        "unlabelled_rows": examples.unlabelled,
        "rejected": result.rejected,
        "replaced": result.replaced,
        "updates": result.updates,
        "leaves": result.leaves,
        "total": result.total,
        "efficiency_residual": result.residual,
        "bundle": chosen.checksum,
        "game": settings.game,
        "utility": settings.utility,
        "beta": settings.beta,
        "lambda": settings.lam,
    }
    metadata = {"hcdv_stream": orjson.dumps(summary | {"validation_ids": judges})}
    write_table(out, result.table.replace_schema_metadata(metadata))
    if json is not None and str(json) == "-":
        sys.stdout.buffer.write(orjson.dumps(summary, option=orjson.OPT_INDENT_2) + b"\n")
        return
    if json is not None:
        json.write_bytes(orjson.dumps(summary, option=orjson.OPT_INDENT_2))
    _show(result, summary, out)


def _bundle(
    path: Path | None, examples: "Examples", label: str, settings: Settings
) -> tuple["Bundle", list[str], "Examples"]:
    """Return the bundle, the ids of its V where it was trained here, and what is to be valued."""
    import numpy as np  # noqa: PLC0415

    from hcdv_stream.bundle.bundle import Bundle  # noqa: PLC0415 (loads torch)
    from hcdv_stream.bundle.training import TrainingOptions  # noqa: PLC0415
    from hcdv_stream.cli.training_bar import training_bar  # noqa: PLC0415
    from hcdv_stream.file_valuation import train_own_bundle  # noqa: PLC0415

    if path is not None:
        return Bundle.load(path), [], examples
    options = TrainingOptions(engine=settings.engine(tau=1.0), seed=settings.seed)
    with training_bar() as progress:
        trained, judges = train_own_bundle(examples, label, options, progress)
    others = np.setdiff1d(np.arange(len(examples)), judges)
    return trained, [examples.ids[row] for row in judges], examples.take(others)


def _valued(examples: "Examples", bundle: "Bundle", settings: Settings) -> "FileValuation":
    from hcdv_stream.cli.training_bar import bar  # noqa: PLC0415
    from hcdv_stream.file_valuation import value_examples  # noqa: PLC0415

    with bar() as shown:
        task = shown.add_task("valuing", total=len(examples))
        return value_examples(
            examples, bundle, settings, lambda done: shown.update(task, completed=done)
        )


def _show(result: "FileValuation", summary: Mapping[str, Any], out: Path) -> None:
    console = Console()
    ranked = result.table.sort_by([("value", "descending")])
    table = Table(title="highest and lowest values", title_justify="left")
    for name in ("id", "label", "value", "stderr", "leaf"):
        table.add_column(name, justify="left" if name in ("id", "label") else "right")
    rows = ranked.to_pylist() if len(ranked) <= 2 * _SHOWN else None
    for row in rows or ranked.slice(0, _SHOWN).to_pylist():
        table.add_row(*_cells(row))
    if rows is None:
        table.add_section()
        for row in ranked.slice(len(ranked) - _SHOWN).to_pylist():
            table.add_row(*_cells(row))
    console.print(table)
    console.print(
        f"{summary['examples_valued']:,} examples in {result.leaves} leaves after "
        f"{result.updates} updates; total {result.total:.6f}, residual {result.residual:.1e}",
        highlight=False,
    )
    notes = {
        "rows were kept to judge (V) and are not valued": summary["validation_rows"],
        "rows without a label were left out": summary["unlabelled_rows"],
        "rows were replaced by a later row with the same id": result.replaced,
    }
    notes |= {f"rows were rejected: {reason}": n for reason, n in result.rejected.items()}
    for note, count in notes.items():
        if count:
            console.print(f"{count:,} {note}", highlight=False)
    console.print(f"written to {out}", highlight=False, soft_wrap=True)


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        *(str(row["id"]), str(row["label"])),
        *(f"{row['value']:.3e}", f"{row['stderr']:.1e}", str(row["leaf"])),
    )
