"""Choosing training data: what ``selection.select`` chooses from the rows ordered by id."""

import numpy as np
import pytest

from hcdv_stream.valuation.doubt.packed import doubts_in
from hcdv_stream.valuation.selection import select
from hcdv_stream.valuation.weights import Weights
from tests.api.world import CLASSES, expected


@pytest.mark.parametrize("strategy", ["spread", "top"])
@pytest.mark.parametrize("share", [0.01, 0.4, 1.0])
def test_it_is_the_selection_of_the_core(client, owners, strategy, share):
    values = expected(owners, Weights("accuracy", lam=0.5))
    evaluated = expected(owners, Weights("accuracy", lam=0.0))
    labels = {
        name: int(label)
        for owner in owners
        for name, label in zip(owner.corpus.ids, owner.corpus.labels, strict=True)
    }
    names = sorted(values)
    column = np.array([values[name][0] for name in names])
    classes = np.array([labels[name] for name in names])
    without = np.array([evaluated[name][0] for name in names])
    assert ((without < 0) != (column < 0)).sum() > 5
    examples = [leaf.examples for owner in owners for leaf in owner.engine.state().leaves.values()]
    doubts = {
        name: doubt
        for each in examples
        for name, doubt in zip(each.ids, doubts_in(each.doubts).tolist(), strict=True)
    }
    rows = select(
        column,
        classes,
        share,
        strategy,
        np.random.default_rng(3),
        evaluated=without,
        doubts=np.array([doubts[name] for name in names]),
    )
    asked = {"share": share, "strategy": strategy, "seed": 3, "utility": "accuracy", "lambda": 0.5}
    answer = client.get("/v1/select", params=asked).json()
    assert answer["ids"] == [names[row] for row in rows]
    assert answer["count"] == len(rows)
    assert answer["total"] == len(names)
    counts = np.bincount(classes[rows], minlength=3).tolist()
    assert answer["classes"] == dict(zip(CLASSES, counts, strict=True))


@pytest.mark.parametrize("share", [0, -1, 1.01, "nan", None])
def test_shares_that_are_none(client, share):
    answer = client.get("/v1/select", params={} if share is None else {"share": share})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "share"
