"""How current answers are, by partition, as metrics: computed when Prometheus asks."""

from collections.abc import Callable, Iterator, Sequence

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hcdv_stream.api.views.freshness import Freshness

LABELS: dict[str, tuple[str, ...]] = {
    "hcdv_api_lag_records": ("partition",),
    "hcdv_api_age_seconds": ("partition",),
    "hcdv_api_stale_partitions": (),
    "hcdv_api_left_out_partitions": (),
}
"""The metrics here, with their labels."""
_ABOUT = (
    "Records in the log behind the newest state; no series if nobody knows.",
    "Time since the newest state was last known to hold all records; no series if nobody knows.",
    "Partitions in answers that no worker is known to keep current.",
    "States that are left out of answers because other workers have taken their partitions over.",
)


class FreshnessMetrics(Collector):
    """Lag and age of every partition, and how many are stale or left out."""

    def __init__(self, currency: Callable[[], tuple[Sequence[Freshness], int]]) -> None:
        """``currency`` gives how current each partition is, and how many states are left out."""
        self._currency = currency

    def describe(self) -> list[Metric]:
        """Return the metrics without a series."""
        return [
            GaugeMetricFamily(name, about, labels=LABELS[name])
            for name, about in zip(LABELS, _ABOUT, strict=True)
        ]

    def collect(self) -> Iterator[Metric]:
        """Yield them as of now."""
        parts, left_out = self._currency()
        lag, age, stale, out = families = self.describe()
        for part in parts:
            labels = {"partition": str(part.partition)}
            if part.lag is not None:
                lag.add_sample(lag.name, labels, part.lag)
            if part.age is not None:
                age.add_sample(age.name, labels, part.age)
        stale.add_sample(stale.name, {}, sum(part.stale is not False for part in parts))
        out.add_sample(out.name, {}, left_out)
        yield from families
