"""What one partition's tree and corpus show in the metrics."""

import numpy as np

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.valuation.batch import DELETION, Batch
from hcdv_stream.valuation.doubt.packed import doubts_in
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.games.routed_weights import RoutedWeights
from hcdv_stream.valuation.selection import PROBABLY_WRONG
from hcdv_stream.valuation.state import Delta
from hcdv_stream.valuation.tree.sketch import TRUSTED
from hcdv_stream.valuation.weights import Weights
from hcdv_stream.worker.metrics.definitions import WorkerMetrics
from hcdv_stream.worker.metrics.drift import RecentSessions
from hcdv_stream.worker.metrics.leaf_fill import FILLS, LeafFill
from hcdv_stream.worker.session import REASONS

_TOTALS = ("updates", "spawned", "split", "merged", "rebalances")


class CorpusMetrics:
    """Publishes an engine's counters, its tree's shape, drift and residual under ``weights``.

    ``labels`` are the topic and the partition. An update costs what it changed, not what there is.
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
        self._engine = engine
        self._weights = weights
        self._header = engine.header
        self._recent = RecentSessions(bundle.dimensions)
        self._fill = LeafFill(engine.config, engine.state().leaves)
        for reason in REASONS:  # from zero, so that a rate sees the first letter
            metrics.dead_letters.labels(*labels, reason)
        for name in bundle.classes:
            metrics.labels.labels(*labels, name)
            metrics.doubtful.labels(*labels, name)
        self._publish()
        if engine.config.game == "routed":
            metrics.residual.labels(*labels).set_function(self._residual)

    def observe(self, batch: Batch) -> None:
        """Count the sessions of a batch, and let them into what is recent."""
        there = batch.labels != DELETION
        self._recent.add(batch.embeddings[there])
        doubtful = there & (doubts_in(batch.doubts) > PROBABLY_WRONG)
        for counter, rows in (
            (self._metrics.labels, there),
            (self._metrics.doubtful, doubtful),
        ):
            counts = np.bincount(batch.labels[rows], minlength=len(self._classes)).tolist()
            for name, count in zip(self._classes, counts, strict=True):
                counter.labels(*self._labels, name).inc(count)

    def publish(self, delta: Delta) -> None:
        """Bring counters and gauges up to date after an update; not while the engine works."""
        self._fill.change(delta.leaves, delta.removed_leaves)
        self._publish()

    def _publish(self) -> None:
        metrics, labels, engine = self._metrics, self._labels, self._engine
        header = engine.header
        for name in _TOTALS:
            done = getattr(header, name) - getattr(self._header, name)
            getattr(metrics, name).labels(*labels).inc(done)
        self._header = header
        self._whole = engine.root_sketch
        metrics.examples.labels(*labels).set(len(engine))
        metrics.leaves.labels(*labels).set(engine.leaf_count)
        metrics.nodes.labels(*labels).set(engine.node_count)
        metrics.height.labels(*labels).set(engine.height)
        for fill in FILLS:
            metrics.leaves_by_fill.labels(*labels, fill).set(self._fill.leaves[fill])
        for name, count in zip(self._classes, self._whole.counts.tolist(), strict=True):
            metrics.label_examples.labels(*labels, name).set(count)
        if (drift := self._recent.distance(self._whole)) is not None:
            metrics.drift.labels(*labels).set(drift)

    def _residual(self) -> float:
        """Work the efficiency residual out when it is asked for: with many classes it costs."""
        trusted = self._whole.evaluators[TRUSTED]
        weighed = RoutedWeights.of(self._whole, trusted, self._classes, self._weights)
        return weighed.residual()
