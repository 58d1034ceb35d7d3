import math
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from hcdv_stream.doctor.state import check_states
from hcdv_stream.settings import load_settings
from hcdv_stream.valuation.batch import Batch
from tests.api.world import (
    CLASSES,
    CONFIG,
    DIMENSIONS,
    VALIDATION,
    Client,
    Owner,
    app_of,
    diverging_owner,
    expected,
    total,
)


def test_the_summary_adds_up(client, owners):
    summary = client.get("/v1/summary").json()
    headers = [owner.engine.header for owner in owners]
    values = expected(owners)
    assert summary["examples"] == len(values)
    assert summary["value"] == total(values)
    assert summary["residual"] <= 1e-9
    assert summary["total"] == pytest.approx(summary["value"], abs=1e-9)
    assert summary["leaves"] == sum(len(owner.engine.state().leaves) for owner in owners)
    assert summary["nodes"] == sum(len(owner.engine.state().nodes) for owner in owners)
    for name in ("records", "updates", "spawned", "split", "merged", "rebalances", "deletions"):
        assert summary[name] == sum(getattr(header, name) for header in headers)
    assert summary["replacements"] > 0
    assert summary["game"] == "routed"
    assert summary["bundle"] == "ab" * 16


def test_the_summary_counts_classes(client, owners):
    counts = dict.fromkeys(CLASSES, 0)
    for owner in owners:
        for label in owner.corpus.labels:
            counts[CLASSES[label]] += 1
    judges = VALIDATION.counts(len(CLASSES)).tolist()
    assert client.get("/v1/summary").json()["classes"] == [
        {"label": label, "examples": counts[label], "validation": judge}
        for label, judge in zip(CLASSES, judges, strict=True)
    ]


def test_partitions_are_coalitions_of_the_whole(client, owners):
    summary = client.get("/v1/summary").json()
    parts = summary["partitions"]
    assert [part["partition"] for part in parts] == [0, 3]
    assert [part["examples"] for part in parts] == [len(owner.engine) for owner in owners]
    assert [part["share"] for part in parts] == [
        len(owner.engine) / summary["examples"] for owner in owners
    ]
    assert math.fsum(part["value"] for part in parts) == pytest.approx(summary["value"], abs=1e-12)
    assert [part["next_offset"] for part in parts] == [owner.offset for owner in owners]
    assert [part["lag"] for part in parts] == [3, 3]


def test_providers_are_paid_the_sum_of_their_examples(client, owners):
    values = expected(owners)
    examples, paid, errors = defaultdict(int), defaultdict(list), defaultdict(float)
    for owner in owners:
        corpus = owner.corpus
        in_leaf = defaultdict(float)
        rows = zip(corpus.ids, corpus.providers, corpus.leaves.tolist(), strict=True)
        for name, provider, leaf in rows:
            examples[provider] += 1
            paid[provider].append(values[name][0])
            in_leaf[provider, leaf] += values[name][1]
        for (provider, _), error in in_leaf.items():
            errors[provider] += error**2
    answer = client.get("/v1/providers").json()
    assert answer["value"] == total(values)
    found = {entry["provider"]: entry for entry in answer["providers"]}
    assert found.keys() == {None, "seller-0", "seller-1", "seller-2"}
    for provider, entry in found.items():
        assert entry["examples"] == examples[provider]
        assert entry["value"] == math.fsum(paid[provider])
        assert entry["share"] == entry["value"] / answer["value"]
        assert entry["stderr"] == pytest.approx(math.sqrt(errors[provider]), rel=1e-12)
    order = [entry["value"] for entry in answer["providers"]]
    assert order == sorted(order, reverse=True)


def test_shares_add_up_to_one_and_are_not_said_of_nothing(client, tmp_path):
    shares = [entry["share"] for entry in client.get("/v1/providers").json()["providers"]]
    assert sum(shares) == pytest.approx(1.0)
    owner = Owner(tmp_path, 0)
    owner.apply(owner.batch(1))  # nobody judges it, and it contrasts with nobody
    alone = Client(app_of(tmp_path, beta=1.0)).get("/v1/providers").json()
    owner.store.close()
    assert alone["value"] == 0.0
    assert [entry["share"] for entry in alone["providers"]] == [None]


def test_the_summary_tells_how_v_moves(tmp_path):
    config = replace(CONFIG, validation_most=15, validation_least=2)
    moving, resting = Owner(tmp_path, 0, config), Owner(tmp_path, 3, config)
    for _ in range(3):
        batch = moving.batch(80, prefix=f"t{moving.offset}-")
        moving.apply(replace(batch, trusted=np.arange(80) % 2 == 0))
    resting.apply(resting.batch(90))
    client = Client(app_of(tmp_path))
    summary = client.get("/v1/summary").json()
    first, second = summary["partitions"]
    bundled = VALIDATION.counts(len(CLASSES)).tolist()
    assert first["evaluators"] == moving.engine.trusted_counts.tolist()
    assert first["evaluators_joined"] == 120
    assert first["evaluators_retired"] == 120 + sum(bundled) - sum(first["evaluators"])
    assert first["newest_evaluator"] == moving.engine.newest_evaluator == 1e9 + 78
    assert second["evaluators"] == bundled
    assert second["newest_evaluator"] == 1e9
    fewest = [min(pair) for pair in zip(first["evaluators"], bundled, strict=True)]
    assert [one["validation"] for one in summary["classes"]] == fewest
    assert summary["residual"] <= 1e-9
    assert summary["diverging"] == []
    moving.store.close()
    resting.store.close()


def test_a_class_without_evaluators_is_named_and_not_paid_by(tmp_path):
    config = replace(CONFIG, validation_most=1, validation_least=1)
    resting, moving = Owner(tmp_path, 0, config), Owner(tmp_path, 1, config)
    resting.apply(resting.batch(60))
    batch = moving.batch(80)
    row = int(np.flatnonzero(batch.labels == CLASSES.index("buy"))[0])
    moving.apply(replace(batch, trusted=np.arange(80) == row))
    assert Client(app_of(tmp_path)).get("/v1/payouts?amount=100").status_code == 200
    moving.apply(Batch.of_deletions([batch.ids[row]], DIMENSIONS))
    client = Client(app_of(tmp_path))
    summary = client.get("/v1/summary").json()
    found = {one["partition"]: one["without_evaluators"] for one in summary["partitions"]}
    assert found == {0: [], 1: ["buy"]}
    refused = client.get("/v1/payouts?amount=100")
    assert refused.status_code == 409
    assert refused.json()["type"].endswith(":without-evaluators")
    assert "none of 'buy' in partition 1: " in refused.json()["detail"]
    assert client.get("/v1/payouts?amount=100&utility=class:buy").status_code == 409
    others = client.get("/v1/payouts?amount=100&utility=class:return&uncertain=true")
    assert others.status_code == 200
    _, facts = check_states(load_settings(state_dir=tmp_path, topic="sessions"), None, 0)
    assert facts[0].short == ()
    assert facts[1].short == ("0 of class buy",)
    moving.store.close()
    resting.store.close()


def test_the_summary_names_who_diverges(tmp_path):
    owner = diverging_owner(tmp_path)
    client = Client(app_of(tmp_path))
    summary = client.get("/v1/summary").json()
    drift = owner.engine.drift
    assert summary["diverging"] == summary["partitions"][0]["diverging"]
    named = {(one["label"], one["provider"]): one["since"] for one in summary["diverging"]}
    assert named == {
        (None if label is None else CLASSES[label], provider): since
        for label, provider, since in drift.diverging
    }
    assert (None, None) in named
    assert (None, "seller-0") in named
    owner.store.close()
