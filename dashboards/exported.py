"""What our processes export: every metric, its series, and the labels that tell those apart."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric

from hcdv_stream.api.collectors.freshness import LABELS as FRESHNESS
from hcdv_stream.api.collectors.freshness import FreshnessMetrics
from hcdv_stream.api.collectors.values import LABELS, ValueMetrics
from hcdv_stream.api.metrics import ApiMetrics
from hcdv_stream.gateway.metrics import GatewayMetrics
from hcdv_stream.valuation.weights import Weights
from hcdv_stream.worker.metrics.definitions import WorkerMetrics

TARGET = ("job", "instance")
"""Labels that Prometheus adds to whatever it scrapes."""
WORKER, API, GATEWAY = "hcdv-worker", "hcdv-api", "hcdv-gateway"


@dataclass(frozen=True, slots=True)
class Exported:
    """A metric: its name without a series' ending, its ``labels``, the ``jobs`` that have it."""

    name: str
    kind: str
    labels: Sequence[str]
    about: str
    edges: Sequence[float]
    jobs: tuple[str, ...]

    @property
    def series(self) -> dict[str, set[str]]:
        """Names of its series, with their labels."""
        labels = {*self.labels, *TARGET}
        if self.kind == "histogram":
            plain = {f"{self.name}{ending}": labels for ending in ("_sum", "_count")}
            return {f"{self.name}_bucket": labels | {"le"}, **plain}
        return {f"{self.name}_total" if self.kind == "counter" else self.name: labels}


def exported() -> list[Exported]:
    """Return every metric that the real registries hold, in their order."""
    worker, api, gateway = CollectorRegistry(), CollectorRegistry(), CollectorRegistry()
    tables = (
        (WorkerMetrics(worker), worker, (WORKER,)),
        (ApiMetrics(api, time.time), api, (API, GATEWAY)),
        (GatewayMetrics(gateway), gateway, (GATEWAY,)),
    )
    found: dict[str, Exported] = {}
    for table, registry, jobs in tables:
        holders = [table, table.connections] if hasattr(table, "connections") else [table]
        wrapped = {
            family.name: metric
            for holder in holders
            for metric in vars(holder).values()
            if isinstance(metric, MetricWrapperBase)
            for family in metric.describe()
        }
        for family in registry.collect():
            one = _exported(family, wrapped.get(family.name), jobs)
            if before := found.get(one.name):
                jobs_of = (*before.jobs, *jobs)
                one = Exported(one.name, one.kind, one.labels, one.about, one.edges, jobs_of)
            found[one.name] = one
    for family in FreshnessMetrics(lambda: ((), 0)).describe():
        found[family.name] = Exported(
            family.name, "gauge", FRESHNESS[family.name], family.documentation, (), (API, GATEWAY)
        )
    for family in ValueMetrics(lambda: None, Weights()).describe():
        found[family.name] = Exported(
            family.name, "gauge", LABELS[family.name], family.documentation, (), (API,)
        )
    return list(found.values())


def _exported(family: Metric, metric: MetricWrapperBase | None, jobs: tuple[str, ...]) -> Exported:
    """Describe a metric; one without a wrapper, of the process, has no labels of its own."""
    edges: Sequence[float] = ()
    if family.type == "histogram" and metric is not None:
        edges = metric._kwargs["buckets"]
    labels = metric._labelnames if metric else ()
    return Exported(family.name, family.type, labels, family.documentation, edges, jobs)
