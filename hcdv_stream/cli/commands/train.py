"""``hcdv-stream train``: a bundle from a table of labelled examples."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from hcdv_stream.cli import columns
from hcdv_stream.settings import load_settings

EncoderChoice = Literal["contrastive", "identity"]


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
) -> None:
    """Train an encoder and build the hierarchy that a stream starts with.

    Columns without a role are features: numbers are numeric, text and booleans are categorical.
    """
    from hcdv_stream.bundle.training import TrainingOptions, train_bundle
    from hcdv_stream.offline.examples import Roles, read_examples
    from hcdv_stream.offline.progress_bar import training_bar

    settings = load_settings(seed=seed)
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
    with training_bar() as progress:
        trained = train_bundle(examples.columns, examples.labels, label, options, progress)
    trained.bundle.save(bundle)
    facts = {
        "rows": f"{len(examples):,}",
        "without a label, left out": f"{examples.unlabelled:,}",
        "features": f"{len(trained.bundle.schema.features)}",
        "classes": ", ".join(trained.bundle.classes[:8]),
        "V (never trained on)": f"{len(trained.validation_rows):,} rows",
        "leaves": f"{len(trained.bundle.seed.centroids)}",
        "τ": f"{trained.bundle.tau:.3f}",
        "checksum": trained.bundle.checksum[:16],
    }
    facts |= {
        f"held-out {name.replace('_', ' ')}": f"{trained.bundle.metrics[name]:.3f}"
        for name in ("balanced_accuracy", "contrast", "cross_entropy")
        if name in trained.bundle.metrics
    }
    table = Table(title=f"bundle {bundle}", show_header=False, title_justify="left")
    for name, fact in facts.items():
        table.add_row(name, fact)
    Console().print(table)
