"""What every process exports: which build it is, and its HTTP connections."""

import platform

from prometheus_client import CollectorRegistry, Counter, Gauge

from hcdv_stream import __version__
from hcdv_stream.serving.bounds import Reason


def build_info(registry: CollectorRegistry) -> Gauge:
    """Register the metric that names the versions of this package and of Python."""
    metric = Gauge(
        "hcdv_build_info",
        "Always 1: which version of hcdv_stream runs, and on which Python.",
        ("version", "python"),
        registry=registry,
    )
    metric.labels(__version__, platform.python_version()).set(1)
    return metric


class ConnectionMetrics:
    """Registered once in ``registry``."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.open = Gauge(
            "hcdv_http_connections", "HTTP connections that are open now.", registry=registry
        )
        self.closed = Counter(
            "hcdv_http_connections_closed_total",
            "HTTP connections that the server closed because they went over a bound, by reason.",
            ("reason",),
            registry=registry,
        )
        for reason in Reason:  # a rate needs a series from the beginning
            self.closed.labels(reason)
