"""Copies across partitions are paid once, by the gateway and by one API over all partitions."""

import asyncio
import math
import shutil
from collections import defaultdict

import numpy as np
import orjson
import pytest

from hcdv_stream.api.queries import originals
from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.weights import Weights
from tests.api.world import TOPIC, Client, Owner, app_of, expected, timeless
from tests.gateway.conftest import ADDRESSES, Gateway

COPIED = 120
AMOUNT = 10**9


def sold(batch: Batch, provider: str, first: int, prefix: str) -> Batch:
    """Return the batch as one provider's, with fingerprints from a number on and ids of its own."""
    prints = np.zeros((len(batch), 2), np.uint64)
    prints[:, 0] = np.arange(first, first + len(batch))
    ids = [f"{prefix}{name}" for name in batch.ids]
    names = [provider] * len(batch)
    return Batch(ids, batch.labels, names, batch.timestamps, batch.embeddings, prints)


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Partition 1 sells copies of partition 0's examples; some of partition 0's are older there."""
    monkeypatch.setattr(originals, "_MOST_NAMED", 50)  # more than one query
    whole, left, right = tmp_path / "whole", tmp_path / "left", tmp_path / "right"
    owners = [Owner(whole, 0), Owner(whole, 1)]
    first, second = owners[0].batch(200), owners[1].batch(160)
    owners[0].apply(sold(first, "honest", 1, "a"))
    owners[1].apply(sold(second, "other", 1001, "b"))
    owners[1].apply(sold(first.slice(0, COPIED), "copier", 1, "c"))
    early = second.slice(0, 10)
    owners[0].apply(sold(early, "late", 1001, "d"))
    yield owners, whole, (left, right)
    for owner in owners:
        owner.store.close()


def paid_once(owners: list[Owner]) -> dict[str, list[float]]:
    """Return the values of each provider's examples that no earlier example is alike to."""
    values = expected(owners, Weights.for_payouts())
    alike = defaultdict(list)
    for owner in owners:
        for leaf in owner.engine.state().leaves.values():
            columns = leaf.examples
            for row, name in enumerate(columns.ids):
                key = (int(columns.arrivals[row]), owner.number)
                alike[int(columns.fingerprints[row, 0])].append((key, columns.providers[row], name))
    found = defaultdict(list)
    for examples in alike.values():
        _, provider, name = min(examples)
        found[provider].append(values[name][0])
    return found


def test_a_copy_in_another_partition_is_paid_nothing(world):
    owners, whole, halves = world
    for number, half in enumerate(halves):
        shutil.copytree(whole / TOPIC / str(number), half / TOPIC / str(number))
    alone = Client(app_of(whole))
    gateway = Gateway(dict(zip(ADDRESSES, map(app_of, halves), strict=True)))
    kept = paid_once(owners)
    assert set(kept) == {"honest", "other"}
    for rule in ("balance", "margin"):
        asked = {"amount": AMOUNT, "rule": rule}
        bodies = [one.get("/v1/payouts", params=asked).json() for one in (alone, gateway)]
        for body in map(timeless, bodies):
            assert body["as_of"].pop("view")
            body.pop("missing_partitions")  # the topic has two more, which nobody sent to
        assert orjson.dumps(bodies[0]) == orjson.dumps(bodies[1])
        (body, _) = bodies
        assert body["copies"] == COPIED + 10
        found = {one["provider"]: one for one in body["payouts"]}
        assert found["copier"]["examples"] == COPIED
        for name in ("copier", "late"):
            assert (found[name]["value"], found[name]["amount"], found[name]["balance"]) == (
                0,
                0,
                0,
            )
        for name, values in kept.items():
            assert found[name]["value"] == math.fsum(values)
        assert body["value"] == math.fsum(value for values in kept.values() for value in values)
        if rule == "margin":
            claims = {
                name: math.fsum(values) - math.sqrt(math.fsum(one * one for one in values))
                for name, values in kept.items()
            }
            paid = sum(max(claim, 0.0) for claim in claims.values())
            for name, claim in claims.items():
                wanted = AMOUNT * max(claim, 0.0) / paid
                assert found[name]["amount"] == pytest.approx(wanted, abs=2)
    owners[0].apply(Batch.of_deletions([f"a{name}" for name in first_ids(owners[0], 5)], 6))
    heir = Client(app_of(whole)).get("/v1/payouts", params={"amount": AMOUNT}).json()
    assert heir["copies"] == COPIED + 5
    asyncio.run(gateway.source._client.aclose())


def first_ids(owner: Owner, count: int) -> list[str]:
    """Return the ids of the first examples that were copied, as the batch named them."""
    return [f"p{owner.number}s{number:05d}" for number in range(count)]
