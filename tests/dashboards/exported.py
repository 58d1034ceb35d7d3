"""What worker and API export: every metric's series, and the labels that tell its series apart."""

import time
from collections.abc import Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from hcdv_stream.api.metrics import ApiMetrics
from hcdv_stream.worker.metrics import WorkerMetrics

TARGET = {"job", "instance"}
"""Labels that Prometheus adds to whatever it scrapes."""


def families() -> list[MetricWrapperBase]:
    """Every metric that the real registries hold."""
    tables = (WorkerMetrics(CollectorRegistry()), ApiMetrics(CollectorRegistry(), time.time))
    values = [value for table in tables for value in vars(table).values()]
    return [value for value in values if isinstance(value, MetricWrapperBase)]


def series_of(metric: MetricWrapperBase) -> Mapping[str, set[str]]:
    """Names of a metric's series, with their labels."""
    (family,) = metric.describe()
    labels = {*metric._labelnames, *TARGET}
    if family.type == "histogram":
        plain = {f"{family.name}{suffix}": labels for suffix in ("_sum", "_count")}
        return {f"{family.name}_bucket": labels | {"le"}, **plain}
    return {f"{family.name}_total" if family.type == "counter" else family.name: labels}


def exported() -> dict[str, set[str]]:
    """Every series of worker and API, with its labels, and Prometheus' own ``up``."""
    return {name: labels for one in families() for name, labels in series_of(one).items()} | {
        "up": TARGET
    }
