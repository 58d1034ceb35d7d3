"""The one table of the API's metrics."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from hcdv_stream.runtime.memory_limit import memory_limit
from hcdv_stream.serving.metrics import ConnectionMetrics, build_info
from hcdv_stream.serving.metrics_text import MetricsText

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Edges for latencies; 0.02 s is the objective of an example's read, 0.25 s of an update's becoming
visible."""


class ApiMetrics:
    """Every metric of the API, registered once in ``registry``."""

    def __init__(self, registry: CollectorRegistry, clock: Callable[[], float]) -> None:
        """``clock`` gives seconds since the epoch."""
        self.registry = registry
        self.text = MetricsText(registry)
        ProcessCollector(namespace="hcdv", registry=registry)
        self.build_info = build_info(registry)
        self.connections = ConnectionMetrics(registry)
        self.requests = Counter(
            "hcdv_api_requests_total",
            "Requests answered.",
            ("route", "method", "status"),
            registry=registry,
        )
        self.seconds = Histogram(
            "hcdv_api_request_seconds",
            "Time from a request to the end of its answer.",
            ("route",),
            buckets=SECONDS,
            registry=registry,
        )
        self.in_progress = Gauge(
            "hcdv_api_requests_in_progress",
            "Requests being answered now, event streams among them.",
            registry=registry,
        )
        self.refresh_seconds = Histogram(
            "hcdv_api_refresh_seconds",
            "Time that it took to read what is new in a partition.",
            buckets=SECONDS,
            registry=registry,
        )
        self.delay_seconds = Histogram(
            "hcdv_api_update_delay_seconds",
            "From each update's write to its being visible.",
            buckets=SECONDS,
            registry=registry,
        )
        self.refresh_errors = Counter(
            "hcdv_api_refresh_errors_total",
            "Looks at the state that failed.",
            registry=registry,
        )
        self.examples = Gauge("hcdv_api_examples", "Examples in the view.", registry=registry)
        self.partitions = Gauge("hcdv_api_partitions", "Partitions in the view.", registry=registry)
        self.truncated = Gauge(
            "hcdv_api_truncated_partitions",
            "Partitions in the view that do not begin where their log began.",
            registry=registry,
        )
        self.view_age = Gauge(
            "hcdv_api_view_age_seconds",
            "Time since the newest update in the view was written.",
            registry=registry,
        )
        self.look_age = Gauge(
            "hcdv_api_look_age_seconds",
            "Time since the state was last looked at without an error.",
            registry=registry,
        )
        self.keys_usable = Gauge(
            "hcdv_api_keys_usable",
            "Whether keys can be checked: 0 while the file of API keys cannot be used, else 1.",
            registry=registry,
        )
        self.keys_usable.set(1)
        self.memory_limit = Gauge(
            "hcdv_process_memory_limit_bytes",
            "Most memory that the process may take: its container's limit, or the machine's.",
            registry=registry,
        )
        self.memory_limit.set(memory_limit())
        self._clock = clock
        self.looked_at(clock())

    def looked_at(self, moment: float) -> None:
        """The state was looked at."""
        self.look_age.set_function(lambda: max(self._clock() - moment, 0.0))

    def view_written_at(self, moment: float) -> None:
        """The view's newest update is of that moment."""
        self.view_age.set_function(lambda: max(self._clock() - moment, 0.0))
