"""``hcdv-stream api``: answers what examples, coalitions and providers are worth now."""

from pathlib import Path
from typing import Annotated

import typer

from hcdv_stream.runtime.logs import configure_logging
from hcdv_stream.settings import load_settings


def api(
    *,
    state_dir: Annotated[
        Path | None, typer.Option(help="Directory of the partitions' state.")
    ] = None,
    topic: Annotated[str | None, typer.Option(help="Topic whose partitions are read.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one.")] = None,
    keys: Annotated[Path | None, typer.Option(help="File of API keys; `key` makes it.")] = None,
    log_format: Annotated[str | None, typer.Option(help="text or json.")] = None,
) -> None:
    """Serve values over HTTP from the state that a worker keeps on this machine.

    It reads the state of every partition under the state directory and needs neither Kafka nor the
    bundle. What is not given comes from the environment (HCDV_STATE_DIR, HCDV_TOPIC, HCDV_API_HOST,
    HCDV_API_PORT, ...). Its page /docs describes every answer.
    """
    from hcdv_stream.api.server import run_api

    settings = load_settings(
        state_dir=state_dir,
        topic=topic,
        api_host=host,
        api_port=port,
        api_keys=keys,
        log_format=log_format,
    )
    configure_logging(settings.log_level, settings.log_format)

    run_api(settings)
