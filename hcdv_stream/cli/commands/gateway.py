"""``hcdv-stream gateway``: one API over the APIs of many machines."""

from typing import Annotated

import typer

from hcdv_stream.runtime.logs import configure_logging
from hcdv_stream.settings import load_settings


def gateway(
    *,
    sidecars: Annotated[
        str | None, typer.Option(help="APIs to ask, http://HOST:PORT[,..].", show_default=False)
    ] = None,
    partitions: Annotated[int | None, typer.Option(help="Partitions that the topic has.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one.")] = None,
    keys: Annotated[str | None, typer.Option(help="File of API keys; `key` makes it.")] = None,
    log_format: Annotated[str | None, typer.Option(help="text or json.")] = None,
) -> None:
    """Serve the values of all partitions, wherever the APIs beside their workers are.

    Answers have the bits that one API over all partitions would give. Partitions that cannot be
    asked are named in every answer. What is not given comes from the environment
    (HCDV_GATEWAY_SIDECARS, HCDV_PARTITIONS, HCDV_GATEWAY_HOST, HCDV_GATEWAY_KEY, ...).
    """
    from hcdv_stream.gateway.app import run_gateway

    settings = load_settings(
        gateway_sidecars=sidecars,
        partitions=partitions,
        gateway_host=host,
        gateway_port=port,
        api_keys=keys,
        log_format=log_format,
    )
    configure_logging(settings.log_level, settings.log_format)

    run_gateway(settings)
