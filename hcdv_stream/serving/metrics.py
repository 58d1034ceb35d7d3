"""What every process measures of its HTTP connections."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from hcdv_stream.serving.bounds import Reason


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
