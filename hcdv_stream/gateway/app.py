"""The gateway as an ASGI application and as a process: the API's own routes over many of them."""

import time

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from hcdv_stream.api.app import serving
from hcdv_stream.api.collectors.freshness import FreshnessMetrics
from hcdv_stream.api.metrics import ApiMetrics
from hcdv_stream.api.server import serve
from hcdv_stream.gateway.metrics import GatewayMetrics
from hcdv_stream.gateway.source import RemoteSource
from hcdv_stream.settings import Settings


def build_gateway(settings: Settings) -> FastAPI:
    """Build the application.

    Raises HcdvError if no API is named, and if keys are needed and there are none.
    """
    metrics = ApiMetrics(CollectorRegistry(), time.time)
    source = RemoteSource(settings, metrics, GatewayMetrics(metrics.registry))
    metrics.registry.register(FreshnessMetrics(source.currency))
    return serving(source, settings, metrics, settings.gateway_host, running=source)


def run_gateway(settings: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C. Raises HcdvError if the port is taken."""
    host, port = settings.gateway_host, settings.gateway_port
    serve(build_gateway(settings), "gateway", host, port, settings=settings)
