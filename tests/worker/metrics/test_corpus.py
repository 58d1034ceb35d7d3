"""What the metrics say of tree and corpus, change by change, equals a count of everything."""

from collections import Counter

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from hcdv_stream.settings import load_settings
from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.doubt.packed import doubts_in
from hcdv_stream.valuation.embedding.grid import unit_grid
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.tree.sketch import Sketch
from hcdv_stream.worker.metrics.corpus import CorpusMetrics
from hcdv_stream.worker.metrics.definitions import WorkerMetrics
from hcdv_stream.worker.metrics.drift import HALF_LIFE, RecentSessions
from hcdv_stream.worker.metrics.leaf_fill import FILLS
from tests.valuation.worlds import doubts_of
from tests.worker.harness import CLASSES, WIDTH, small_bundle

LABELS = {"topic": "t", "partition": "0"}


def batch(generator: np.random.Generator, start: int, count: int, shift: float) -> Batch:
    embeddings = unit_grid(generator.normal(size=(count, WIDTH)) + shift)
    labels = generator.integers(0, 2, count).astype(np.int16)
    ids = [f"s{number}" for number in range(start, start + count)]
    doubts = doubts_of(labels, 2, embeddings)
    return Batch(ids, labels, [None] * count, np.zeros(count), embeddings, doubts=doubts)


def test_shape_labels_and_drift_follow_every_update():
    bundle, registry, generator = small_bundle(), CollectorRegistry(), np.random.default_rng(3)
    settings = load_settings(update_size=50, leaf_size=32, tau=0.3)
    config = settings.engine(bundle.tau)
    engine = Engine.from_seed(config, 2, bundle.validation, bundle.seed)
    metrics = WorkerMetrics(registry)
    corpus = CorpusMetrics(metrics, ("t", "0"), bundle, engine, settings.weights)

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, LABELS | labels)

    seen: list[int] = []
    doubtful: Counter[int] = Counter()
    for number in range(12):
        calm_yet = number < 6
        count, shift = (700, 0.0) if calm_yet else (150, 1.0)
        arrived = batch(generator, 1000 * number, count, shift)
        gone = Batch.of_deletions(list(arrived.ids[::5]), WIDTH)
        for part in (arrived, gone):
            delta = engine.apply(part)
            corpus.observe(part)
            corpus.publish(delta)
        seen += arrived.labels.tolist()
        doubtful.update(arrived.labels[doubts_in(arrived.doubts) > 0.5].tolist())
        leaves = [len(leaf.examples) for leaf in engine.state().leaves.values()]
        assert sum(value("hcdv_leaves_by_fill", fill=fill) for fill in FILLS) == len(leaves)
        assert value("hcdv_leaves_by_fill", fill="empty") == leaves.count(0)
        assert value("hcdv_leaves_by_fill", fill="small") == sum(0 < n < 8 for n in leaves)
        assert value("hcdv_leaves_by_fill", fill="half") == sum(8 <= n <= 16 for n in leaves)
        assert value("hcdv_leaves_by_fill", fill="full") == sum(16 < n <= 32 for n in leaves)
        assert value("hcdv_leaves_by_fill", fill="over") == sum(n > 32 for n in leaves)
        if calm_yet:
            calm = value("hcdv_drift_distance")
    nodes = engine.state().nodes
    assert value("hcdv_tree_nodes") == len(nodes)
    assert value("hcdv_tree_height") == max(node.height for node in nodes.values())
    there = Counter(
        label for leaf in engine.state().leaves.values() for label in leaf.examples.labels.tolist()
    )
    for number, name in enumerate(CLASSES):
        assert value("hcdv_label_records_total", label=name) == seen.count(number)
        assert value("hcdv_doubtful_records_total", label=name) == doubtful[number]
        assert value("hcdv_label_examples", label=name) == there[number]
    assert value("hcdv_drift_distance") > 3 * calm
    metrics.forget("t", "0")
    gauges = (value("hcdv_tree_nodes"), value("hcdv_label_examples", label="no"))
    assert gauges == (None, None)
    assert value("hcdv_updates_total") == engine.header.updates  # counters outlive the ownership


def test_drift_of_nothing_is_unknown_and_old_sessions_fade():
    recent, generator = RecentSessions(WIDTH), np.random.default_rng(0)
    old, new = (unit_grid(generator.normal(size=(400, WIDTH)) + shift) for shift in (1.0, -1.0))
    labels = np.zeros(400, np.int16)
    corpus = Sketch.of_examples(old, labels, 1)
    assert recent.distance(corpus) is None
    recent.add(old)
    assert recent.distance(Sketch.empty(1, WIDTH)) is None
    assert recent.distance(corpus) == pytest.approx(0.0, abs=1e-9)
    whole = float(np.linalg.norm(old.mean(axis=0) - new.mean(axis=0)))
    faded = 400 * 0.5 ** (400 / HALF_LIFE)
    recent.add(new)
    assert recent.distance(corpus) == pytest.approx(whole * 400 / (400 + faded), rel=1e-5)
