"""How values are spread, as metrics: those of the engines, worked out no more often than needed."""

import numpy as np
import pytest

from hcdv_stream.api.value_metrics import LABELS, PERCENTILES, ValueMetrics
from hcdv_stream.valuation.weights import Weights
from tests.api.world import CLASSES, app_of, expected

WEIGHTS = Weights("balanced", 0.5, 0.05)


def samples(metrics: ValueMetrics) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in metrics.collect()
        for sample in family.samples
    }


def test_percentiles_and_negative_shares_are_those_of_the_engines(state_dir, owners):
    view = app_of(state_dir).state.refresher.view
    found = samples(ValueMetrics(lambda: view, WEIGHTS))
    values = expected(owners, WEIGHTS)
    of_label = {
        name: label
        for owner in owners
        for name, label in zip(owner.corpus.ids, owner.corpus.labels.tolist(), strict=True)
    }
    assert len(found) == len(CLASSES) * (len(PERCENTILES) + 1)
    for number, label in enumerate(CLASSES):
        own = np.array([values[name][0] for name in values if of_label[name] == number])
        for percentile in PERCENTILES:
            got = found["hcdv_api_scaled_value", label, str(percentile)]
            assert got == pytest.approx(np.percentile(own * len(values), percentile), rel=1e-9)
        assert found["hcdv_api_negative_value_ratio", label] == (own < 0).mean()


def test_every_name_and_label_is_in_the_table(state_dir, owners):
    view = app_of(state_dir).state.refresher.view
    shown = {
        (sample.name, tuple(sample.labels))
        for family in ValueMetrics(lambda: view, WEIGHTS).collect()
        for sample in family.samples
    }
    assert shown == set(LABELS.items())


def test_it_rests_and_says_nothing_where_there_is_nothing(state_dir, owners):
    first, second = (app_of(state_dir).state.refresher.view for _ in range(2))
    now, shown = [100.0], [None]
    metrics = ValueMetrics(lambda: shown[0], WEIGHTS, lambda: now[0])
    assert samples(metrics) == {}
    shown[0] = first
    assert len(samples(metrics)) == len(CLASSES) * (len(PERCENTILES) + 1)
    before = metrics._families
    shown[0], now[0] = second, 114.9
    samples(metrics)
    assert metrics._families is before
    now[0] = 115.0
    samples(metrics)
    assert metrics._families is not before


def test_a_utility_that_does_not_fit_leaves_the_other_metrics_alone(state_dir, owners):
    app = app_of(state_dir, utility="class:none")
    registry = app.state.metrics.registry
    assert registry.get_sample_value("hcdv_api_partitions") == len(owners)
    assert samples(ValueMetrics(lambda: app.state.refresher.view, Weights("class:none"))) == {}
