"""``hcdv-stream worker``: values what arrives on the topic, until it is stopped."""

from pathlib import Path
from typing import Annotated

import typer

from hcdv_stream.runtime.logs import configure_logging
from hcdv_stream.settings import load_settings


def worker(
    *,
    bundle: Annotated[Path | None, typer.Option(help="Directory that `train` wrote.")] = None,
    bootstrap: Annotated[
        str | None, typer.Option(help="Kafka bootstrap servers, HOST:PORT[,..].")
    ] = None,
    topic: Annotated[str | None, typer.Option(help="Topic that sessions arrive on.")] = None,
    group: Annotated[
        str | None, typer.Option(help="Consumer group; workers of one group share the partitions.")
    ] = None,
    state_dir: Annotated[
        Path | None, typer.Option(help="Directory of the partitions' state.")
    ] = None,
    metrics_port: Annotated[
        int | None, typer.Option(help="Port of /metrics, /livez, /readyz; 0 takes a free one.")
    ] = None,
    log_format: Annotated[str | None, typer.Option(help="text or json.")] = None,
) -> None:
    """Value every session that arrives, keep the state of the partitions this worker is given.

    What is not given comes from the environment (HCDV_BUNDLE, HCDV_BOOTSTRAP, ...). SIGTERM and
    Ctrl-C finish the batch in hand and leave the group; a worker that dies in any other way is
    started again and goes on where its state ends.
    """
    from hcdv_stream.worker.run import run_worker

    settings = load_settings(
        bundle=bundle,
        bootstrap=bootstrap,
        topic=topic,
        group=group,
        state_dir=state_dir,
        metrics_port=metrics_port,
        log_format=log_format,
    )
    configure_logging(settings.log_level, settings.log_format)
    run_worker(settings)
