"""V and whether it agrees with what arrives, as metrics."""

from collections.abc import Sequence

from hcdv_stream.valuation.drift.divergence import THRESHOLD
from hcdv_stream.valuation.drift.drift import Drift
from hcdv_stream.valuation.drift.evaluator_shortage import Counts
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.worker.metrics.arrivals import NAMED
from hcdv_stream.worker.metrics.definitions import WorkerMetrics

ALL = ""
"""The label of all sessions together."""


class ValidationMetrics:
    """Publishes size and age of V, and its alarms; ``labels`` are topic and partition."""

    def __init__(
        self,
        metrics: WorkerMetrics,
        labels: tuple[str, str],
        classes: Sequence[str],
        engine: Engine,
        least: Counts,
    ) -> None:
        """``least`` (C,) are the evaluators that V should keep of each class."""
        self._metrics = metrics
        self._labels = labels
        self._classes = classes
        self._engine = engine
        self._drift = engine.drift
        self._alarmed: set[str] = set()
        for name, count in zip(classes, least.tolist(), strict=True):
            metrics.validation_least.labels(*labels, name).set(count)
        for counter in (metrics.trusted_records, metrics.validation_retired):
            counter.labels(*labels)
        metrics.provider_divergence_alarm.labels(*labels, ALL).set(0)
        self.publish()

    def publish(self) -> None:
        """Bring the metrics up to date after an update; not while the engine works."""
        metrics, labels, drift = self._metrics, self._labels, self._engine.drift
        metrics.trusted_records.labels(*labels).inc(drift.joined - self._drift.joined)
        metrics.validation_retired.labels(*labels).inc(drift.retired - self._drift.retired)
        for name, count in zip(self._classes, self._engine.trusted_counts.tolist(), strict=True):
            metrics.validation_examples.labels(*labels, name).set(count)
        if (newest := self._engine.newest_evaluator) is not None:
            metrics.validation_age.labels(*labels).set(max(drift.event_time - newest, 0.0))
        for name, one in ((ALL, drift.whole), *zip(self._classes, drift.classes, strict=False)):
            metrics.divergence.labels(*labels, name).set(one.evidence / THRESHOLD)
            metrics.divergence_alarm.labels(*labels, name).set(one.since is not None)
        self._publish_providers(drift)
        self._drift = drift

    def close(self) -> None:
        """Drop the labels of providers: the partition belongs to another worker now."""
        for name in self._alarmed:
            self._metrics.provider_divergence_alarm.remove(*self._labels, name)
        self._alarmed = set()

    def _publish_providers(self, drift: Drift) -> None:
        """Name the providers with an alarm, at most NAMED of them."""
        gauge = self._metrics.provider_divergence_alarm
        alarmed = [name for name, one in drift.providers if one.since is not None]
        now = set(alarmed[:NAMED])
        for name in self._alarmed - now:
            gauge.remove(*self._labels, name)
        for name in now:
            gauge.labels(*self._labels, name).set(1)
        self._alarmed = now
