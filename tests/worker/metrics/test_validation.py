"""Size, age and alarms of V as metrics."""

from dataclasses import replace

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from hcdv_stream.settings import load_settings
from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.worker.metrics.definitions import WorkerMetrics
from hcdv_stream.worker.metrics.validation import ValidationMetrics
from tests.worker.harness import CLASSES, small_bundle

LABELS = ("t", "0")
BUNDLE = small_bundle()


def batch(start: int, count: int, wrong: bool = False) -> Batch:
    """Sessions that sit on evaluators of V, with their labels or with the others."""
    rows = np.random.default_rng(start).integers(0, len(BUNDLE.validation), count)
    labels = BUNDLE.validation.labels[rows]
    return Batch(
        [f"s{number}" for number in range(start, start + count)],
        (1 - labels if wrong else labels).astype(np.int16),
        ["acme" if number % 2 else "other" for number in range(count)],
        1000.0 + np.arange(start, start + count),
        BUNDLE.validation.embeddings[rows],
    )


def test_v_is_measured_and_its_alarms_come_and_go():
    registry = CollectorRegistry()
    metrics = WorkerMetrics(registry)
    engine = Engine.from_seed(
        load_settings(validation_least=5, neighbours=1).engine(0.35),
        2,
        BUNDLE.validation,
        BUNDLE.seed,
    )
    least = np.array([5, 5])
    shown = ValidationMetrics(metrics, LABELS, CLASSES, engine, least)

    def value(name: str, **more: str) -> float | None:
        return registry.get_sample_value(name, {"topic": "t", "partition": "0", **more})

    counts = BUNDLE.validation.counts(2).tolist()
    assert [value("hcdv_validation_examples", label=name) for name in CLASSES] == counts
    assert [value("hcdv_validation_least", label=name) for name in CLASSES] == [5, 5]
    assert value("hcdv_trusted_records_total") == 0
    assert value("hcdv_validation_age_seconds") is None

    engine.apply(batch(0, 1200))
    shown.publish()
    assert value("hcdv_validation_age_seconds") == pytest.approx(1199)
    assert value("hcdv_divergence_alarm", label="yes") == 0
    assert value("hcdv_provider_divergence_alarm", provider="acme") is None

    engine.apply(batch(1200, 300, wrong=True))
    shown.publish()
    for label in ("", *CLASSES):
        assert value("hcdv_divergence_alarm", label=label) == 1
        assert value("hcdv_divergence_ratio", label=label) == 1
    assert value("hcdv_provider_divergence_alarm", provider="acme") == 1

    engine.apply(batch(1500, 3000))
    shown.publish()
    assert value("hcdv_divergence_alarm", label="yes") == 0
    assert value("hcdv_provider_divergence_alarm", provider="acme") is None

    engine.apply(replace(batch(4500, 150), trusted=np.ones(150, np.bool_)))
    shown.publish()
    assert value("hcdv_trusted_records_total") == 150
    kept = sum(max(count, len(BUNDLE.validation) // 2) for count in counts)
    assert value("hcdv_validation_retired_total") == 150 + sum(counts) - kept
    assert value("hcdv_validation_age_seconds") == 0
