"""Providers in the metrics: who sends much has a name, and names stay few."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from hcdv_stream.valuation.arrivals import ProviderCounts, number_of
from hcdv_stream.valuation.doubt.packed import doubts_in
from hcdv_stream.worker.metrics.arrivals import NAMED, ArrivalMetrics
from hcdv_stream.worker.metrics.definitions import WorkerMetrics
from tests.valuation.worlds import batch_of


def test_names_are_bounded_and_a_flood_gets_one():
    registry = CollectorRegistry()
    counts: dict[str | None, ProviderCounts] = {None: ProviderCounts(0, None, 50, 3, 1)}
    published = ArrivalMetrics(
        WorkerMetrics(registry), ("t", "0"), {one.id: one for one in counts.values()}
    )

    doubts: Counter[str] = Counter()

    def send(name: str | None, sessions: int, copies: int = 0, foreign: int = 0) -> None:
        before = counts.get(name) or ProviderCounts(0 if name is None else number_of(name), name)
        counts[name] = ProviderCounts(
            before.id,
            name,
            before.arrivals + sessions,
            before.copies + copies,
            before.foreign + foreign,
        )
        one = batch_of(sessions, 2, 3, np.random.default_rng(sessions))
        published.observe(replace(one, providers=[name] * sessions))
        doubts[name or "anonymous"] += float(doubts_in(one.doubts).sum())
        published.publish({before.id: counts[name]})

    def series(metric: str) -> dict[str, float]:
        return {
            sample.labels["provider"]: sample.value
            for family in registry.collect()
            for sample in family.samples
            if sample.name == metric
        }

    send(None, 2, 1)
    assert series("hcdv_provider_records_total") == {"anonymous": 2}
    assert series("hcdv_provider_copies_total") == {"anonymous": 1}
    assert series("hcdv_provider_doubts_total") == doubts
    for turn in range(4):
        for number in range(200):
            send(f"shop-{number}", 10 + (number == turn))
    send("flood", 7000, 6000, 5)
    assert "flood" not in series("hcdv_provider_records_total")
    send("flood", 7000, 6000, 5)
    found = series("hcdv_provider_records_total")
    assert found["flood"] == 7000
    assert len(found) <= NAMED + 1
    flooded = batch_of(7000, 2, 3, np.random.default_rng(7000)).doubts
    assert series("hcdv_provider_doubts_total")["flood"] == pytest.approx(
        float(doubts_in(flooded).sum())
    )
    doubtful = int((doubts_in(flooded) > 0.5).sum())
    assert series("hcdv_provider_doubtful_records_total")["flood"] == doubtful
    assert len(series("hcdv_provider_doubts_total")) <= NAMED + 1
    assert series("hcdv_provider_copies_total")["flood"] == 6000
    assert series("hcdv_provider_foreign_ids_total")["flood"] == 5
    published.close()
    assert series("hcdv_provider_records_total") == {}
