"""How values are spread, as metrics: those of the engines, worked out no more often than needed."""

from collections import Counter

import numpy as np
import pytest

from hcdv_stream.api.collectors.values import LABELS, PERCENTILES, ValueMetrics
from hcdv_stream.valuation.doubt.packed import doubts_in
from hcdv_stream.valuation.weights import Weights
from tests.api.world import CLASSES, app_of, expected

WEIGHTS = Weights("balanced", 0.5, 0.05)


def samples(metrics: ValueMetrics) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in metrics.collect()
        for sample in family.samples
    }


def spread(found):
    return [name for name, *_ in found if "provider" not in name]


def by_provider(owners):
    """Examples and value of each provider, from the engines."""
    values = expected(owners, WEIGHTS)
    counts, sums = Counter(), Counter()
    for owner in owners:
        for leaf in owner.engine.state().leaves.values():
            for name, provider in zip(leaf.examples.ids, leaf.examples.providers, strict=True):
                counts[provider or "(none)"] += 1
                sums[provider or "(none)"] += values[name][0]
    return counts, sums


def test_providers_have_their_examples_and_their_value(state_dir, owners):
    view = app_of(state_dir).state.refresher.view
    found = samples(ValueMetrics(lambda: view, WEIGHTS))
    counts, sums = by_provider(owners)
    assert len(counts) > 2
    for provider, count in counts.items():
        assert found["hcdv_api_provider_examples", provider] == count
        value = found["hcdv_api_provider_value", provider]
        assert value == pytest.approx(sums[provider], rel=1e-9, abs=1e-12)
    for provider in counts:
        theirs = [
            doubt
            for owner in owners
            for leaf in owner.engine.state().leaves.values()
            for doubt, name in zip(
                doubts_in(leaf.examples.doubts), leaf.examples.providers, strict=True
            )
            if (name or "(none)") == provider
        ]
        mean = found["hcdv_api_provider_mean_doubt", provider]
        assert mean == pytest.approx(float(np.mean(theirs)), rel=1e-12)
    assert len(found) - len(spread(found)) == 3 * len(counts)


def test_many_providers_share_one_series(state_dir, owners, monkeypatch):
    monkeypatch.setattr("hcdv_stream.api.collectors.values.PROVIDERS", 2)
    view = app_of(state_dir).state.refresher.view
    found = samples(ValueMetrics(lambda: view, WEIGHTS))
    counts, sums = by_provider(owners)
    rest = [provider for provider, _ in counts.most_common()[2:]]
    assert found["hcdv_api_provider_examples", "(others)"] == sum(counts[one] for one in rest)
    value = found["hcdv_api_provider_value", "(others)"]
    assert value == pytest.approx(sum(sums[one] for one in rest), rel=1e-9, abs=1e-12)
    assert len(found) - len(spread(found)) == 3 * 3


def test_percentiles_and_negative_shares_are_those_of_the_engines(state_dir, owners):
    view = app_of(state_dir).state.refresher.view
    found = samples(ValueMetrics(lambda: view, WEIGHTS))
    values = expected(owners, WEIGHTS)
    of_label = {
        name: label
        for owner in owners
        for name, label in zip(owner.corpus.ids, owner.corpus.labels.tolist(), strict=True)
    }
    assert len(spread(found)) == len(CLASSES) * (len(PERCENTILES) + 1)
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
    assert len(spread(samples(metrics))) == len(CLASSES) * (len(PERCENTILES) + 1)
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
