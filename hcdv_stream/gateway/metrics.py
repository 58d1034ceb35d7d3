"""The metrics that the gateway has besides the API's: who is behind it, and what nobody serves."""

from prometheus_client import CollectorRegistry, Gauge


class GatewayMetrics:
    """Registered once in ``registry``."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.partitions_missing = Gauge(
            "hcdv_gateway_partitions_missing",
            "Partitions of the corpus that no API behind the gateway answers for.",
            registry=registry,
        )
        self.sidecar_up = Gauge(
            "hcdv_gateway_sidecar_up",
            "Whether an API behind the gateway could be asked the last time, 1 or 0.",
            ("sidecar",),
            registry=registry,
        )
