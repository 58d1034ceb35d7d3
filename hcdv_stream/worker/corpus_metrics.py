"""What one partition's tree and corpus show in the metrics."""

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.routed_values import RoutedWeights
from hcdv_stream.valuation.weights import Weights
from hcdv_stream.worker.metrics import WorkerMetrics
from hcdv_stream.worker.session import REASONS

_TOTALS = ("updates", "spawned", "split", "merged", "rebalances")


class CorpusMetrics:
    """Publishes an engine's counters, and its efficiency residual under ``weights``.

    ``labels`` are the topic and the partition.
    """

    def __init__(
        self,
        metrics: WorkerMetrics,
        labels: tuple[str, str],
        bundle: Bundle,
        engine: Engine,
        weights: Weights,
    ) -> None:
        self._metrics = metrics
        self._labels = labels
        self._classes = bundle.classes
        self._trusted = bundle.validation.counts(len(bundle.classes))
        self._engine = engine
        self._weights = weights
        self._header = engine.header
        for reason in REASONS:  # from zero, so that a rate sees the first letter
            metrics.dead_letters.labels(*labels, reason)
        self.publish()
        if engine.config.game == "routed":
            metrics.residual.labels(*labels).set_function(self._residual)

    def publish(self) -> None:
        """Bring counters and gauges up to date; not while the engine works."""
        header = self._engine.header
        for name in _TOTALS:
            done = getattr(header, name) - getattr(self._header, name)
            getattr(self._metrics, name).labels(*self._labels).inc(done)
        self._header = header
        self._metrics.points.labels(*self._labels).set(len(self._engine))
        self._metrics.leaves.labels(*self._labels).set(self._engine.leaf_count)
        self._whole = self._engine.root_sketch

    def _residual(self) -> float:
        """Work the efficiency residual out when it is asked for: with many classes it costs."""
        weighed = RoutedWeights.of(self._whole, self._trusted, self._classes, self._weights)
        return weighed.residual()
