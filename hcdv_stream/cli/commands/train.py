"""``hcdv-stream train``: a bundle from a table of labelled examples."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from pydantic_core import to_json
from rich.console import Console
from rich.table import Table

from hcdv_stream.cli import columns
from hcdv_stream.cli.file_notes import say_notes
from hcdv_stream.cli.report_file import check_report
from hcdv_stream.settings import load_settings

if TYPE_CHECKING:
    from hcdv_stream.bundle.training import Trained

EncoderChoice = Literal["contrastive", "identity"]
_CLASSES_SHOWN = 8


def train(
    *,
    source: columns.Input,
    label: columns.Label,
    bundle: Annotated[Path, typer.Option(help="Directory to write; an older bundle is replaced.")],
    id_column: columns.Id = None,
    time: columns.Time = None,
    provider: columns.Provider = None,
    encoder: Annotated[
        EncoderChoice, typer.Option(help="identity: the features already are embeddings.")
    ] = "contrastive",
    numeric: Annotated[
        list[str] | None, typer.Option(help="Columns that are numbers, separated by commas.")
    ] = None,
    categorical: Annotated[
        list[str] | None, typer.Option(help="Columns that are categories, separated by commas.")
    ] = None,
    drop: columns.Drop = None,
    validation_share: Annotated[
        float, typer.Option(help="Share of the rows kept as V, never trained on; at most 2,000.")
    ] = 0.1,
    seed: columns.Seed = None,
    json: Annotated[
        Path | None, typer.Option(help="Write the report as JSON to this file; - prints it.")
    ] = None,
) -> None:
    """Train an encoder and a doubt model, and build the hierarchy that a stream starts with.

    Columns without a role are features: numbers are numeric, text and booleans are categorical.
    Labels of V should be right: whatever V cannot explain is doubted.
    """
    from hcdv_stream.bundle.training import TrainingOptions, train_bundle
    from hcdv_stream.offline.examples import Roles, read_examples
    from hcdv_stream.offline.progress_bar import training_bar

    settings = load_settings(seed=seed)
    check_report(json)
    options = TrainingOptions(
        encoder=encoder,
        engine=settings.engine(tau=1.0),
        numeric=columns.names(numeric),
        categorical=columns.names(categorical),
        validation_share=validation_share,
        seed=settings.seed,
    )
    roles = Roles(label=label, id=id_column, time=time, provider=provider)
    examples = read_examples(source, roles, columns.names(drop))
    say_notes(examples.notes)
    with training_bar() as progress:
        trained = train_bundle(
            examples.columns,
            examples.labels,
            label,
            options,
            progress,
            providers=None if provider is None else examples.providers,
        )
    trained.bundle.save(bundle)
    if json is not None:
        report = _report(trained, len(examples), examples.unlabelled) | {"notes": examples.notes}
        text = to_json(report, indent=2) + b"\n"
        if str(json) == "-":
            sys.stdout.buffer.write(text)
            return
        json.write_bytes(text)
    _show(trained, bundle, len(examples), examples.unlabelled)


def _report(trained: "Trained", rows: int, unlabelled: int) -> dict[str, Any]:
    bundle = trained.bundle
    model = bundle.doubt
    return {
        "rows": rows,
        "unlabelled_rows": unlabelled,
        "features": len(bundle.schema.features),
        "classes": list(bundle.classes),
        "tau": bundle.tau,
        "bundle": bundle.checksum,
        "metrics": dict(bundle.metrics),
        "doubt": None
        if model is None
        else {
            "evidence": model.evidence,
            "providers": len(model.blind_to or {}),
            "calibration": [dict(each) for each in bundle.calibration],
        },
    }


def _listed(classes: Sequence[str]) -> str:
    shown = ", ".join(classes[:_CLASSES_SHOWN])
    more = len(classes) - _CLASSES_SHOWN
    return f"{shown} and {more:,} more" if more > 0 else shown


def _show(trained: "Trained", path: Path, rows: int, unlabelled: int) -> None:
    bundle = trained.bundle
    facts = {
        "rows": f"{rows:,}",
        "without a label, left out": f"{unlabelled:,}",
        "features": f"{len(bundle.schema.features)}",
        "classes": _listed(bundle.classes),
        "V (the encoder never sees it)": f"{len(trained.validation_rows):,} rows",
        "leaves": f"{len(bundle.seed.centroids)}",
        "τ": f"{bundle.tau:.3f}",
        "checksum": bundle.checksum[:16],
    }
    facts |= {
        name: f"{bundle.metrics[metric]:.3f}"
        for metric, name in {
            "balanced_accuracy": "held-out balanced accuracy",
            "contrast": "held-out contrast",
            "cross_entropy": "held-out cross entropy",
            "mean_doubt": "share of labels that V cannot explain",
            "calibration_error": "calibration error of doubts, planted in V",
        }.items()
        if metric in bundle.metrics
    }
    table = Table(title=f"bundle {path}", show_header=False, title_justify="left")
    for name, fact in facts.items():
        table.add_row(name, fact)
    console = Console()
    console.print(table)
    if bundle.calibration:
        console.print(_curve(trained))


def _curve(trained: "Trained") -> Table:
    table = Table(title="doubt and truth, wrong labels planted in V", title_justify="left")
    for name in ("doubt", "wrong", "share of labels"):
        table.add_column(name, justify="right")
    for each in trained.bundle.calibration:
        table.add_row(f"{each['doubt']:.3f}", f"{each['wrong']:.3f}", f"{each['weight']:.1%}")
    return table
