"""uvicorn, configured alike for worker, API and gateway."""

import uvicorn
from starlette.types import ASGIApp

from hcdv_stream.serving.bounds import Bounds
from hcdv_stream.serving.metrics import ConnectionMetrics
from hcdv_stream.serving.protocol import protocol_with


def bounded_server(
    app: ASGIApp,
    bounds: Bounds,
    measured: ConnectionMetrics,
    *,
    stop_seconds: int,
    lifespan: bool,
) -> uvicorn.Server:
    """Return a server whose connections keep to ``bounds``.

    When it is to stop, answers that were begun have ``stop_seconds`` to end.
    """
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=protocol_with(bounds, measured),
            ws="none",
            lifespan="on" if lifespan else "off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_keep_alive=bounds.keep_alive_seconds,
            timeout_graceful_shutdown=stop_seconds,
        )
    )
