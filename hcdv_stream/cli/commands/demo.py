"""``hcdv-stream demo``: the whole service on this machine, fed, watched and evaluated."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hcdv_stream.cli import columns
from hcdv_stream.cli.report_file import check_report
from hcdv_stream.errors import HcdvError
from hcdv_stream.settings import load_settings

_RATE = 750.0


def demo(
    *,
    source: Annotated[
        Path | None,
        typer.Option("--input", help="Stream this .csv, .parquet or .ndjson file instead."),
    ] = None,
    label: Annotated[str | None, typer.Option(help="The file's column with the label.")] = None,
    id_column: columns.Id = None,
    time: columns.Time = None,
    provider: columns.Provider = None,
    drop: columns.Drop = None,
    sessions: Annotated[
        int | None, typer.Option(min=200, help="So many instead of 15,000, or of the whole file.")
    ] = None,
    rate: Annotated[
        float, typer.Option(min=0.0, help="Sessions sent per second; 0: as fast as they go.")
    ] = _RATE,
    flip_share: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=0.9,
            help="Share of labels made wrong; 0.1 in the click-stream, none in a file.",
        ),
    ] = None,
    partitions: Annotated[
        int | None,
        typer.Option(
            min=1, help="Partitions of the topic, each with a tree of its own; HCDV_PARTITIONS."
        ),
    ] = None,
    bootstrap: Annotated[
        str | None, typer.Option(help="Use the Kafka at HOST:PORT[,..], no embedded broker.")
    ] = None,
    kafka_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the embedded broker; 0 takes a free one.")
    ] = 0,
    api_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the API; 0 takes a free one.")
    ] = 0,
    metrics_port: Annotated[
        int,
        typer.Option(min=0, max=65535, help="Port of the worker's metrics; 0 takes a free one."),
    ] = 0,
    leave: Annotated[bool, typer.Option("--exit", help="Stop everything at the end.")] = False,
    json: Annotated[Path | None, typer.Option(help="Write the summary to this file.")] = None,
    seed: columns.Seed = None,
) -> None:
    """Stream a web shop's sessions through broker, worker and API, and judge their values.

    Everything runs on this machine and shows what is worth most and least meanwhile. At the end
    gradient boosting is trained on what the values select. Without --exit everything then stays up
    until Ctrl-C. Nothing is left behind.
    """
    from hcdv_stream.demo.performance import DemoOptions, StreamedFile, perform
    from hcdv_stream.demo.stopping import Stopped, stoppable
    from hcdv_stream.offline.examples import Roles

    if (source is None) != (label is None):
        raise HcdvError("--input and --label go together: name a file and its column")
    check_report(json)
    # Given here or 0, not what a service on this machine is configured with.
    settings = load_settings(
        partitions=partitions, api_port=api_port, metrics_port=metrics_port, seed=seed
    )
    console = Console()
    chosen = None
    if source is not None and label is not None:
        roles = Roles(label=label, id=id_column, time=time, provider=provider)
        chosen = StreamedFile(source, roles, columns.names(drop))
    options = DemoOptions(
        settings=settings,
        source=chosen,
        sessions=sessions,
        rate=rate or None,
        flip_share=flip_share,
        bootstrap=bootstrap,
        kafka_port=kafka_port,
        stay=not leave,
        json=json,
    )
    try:
        with stoppable():
            perform(options, console)
    except Stopped as stopped:
        raise typer.Exit(stopped.status) from None
