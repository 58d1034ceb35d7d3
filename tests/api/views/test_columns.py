"""Columns that follow the leaves have the bits of those read anew, in any state, in any order."""

import time

import numpy as np
import pytest

from hcdv_stream.api.views.columns import Columns, Layout
from hcdv_stream.state import PartitionReader
from hcdv_stream.valuation.batch import Batch
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.weights import Weights
from tests.api.world import (
    CLASSES,
    CONFIG,
    DIMENSIONS,
    VALIDATION,
    Client,
    Owner,
    app_of,
    expected,
)

WEIGHTS = [Weights(), Weights("accuracy", 0.3, 0.0), Weights("class:buy", 1.0, 2.0)]


def states(tmp_path):
    """A history with additions, replacements, splits, merges and deletions."""
    rng, owner = np.random.default_rng(1), Owner(tmp_path, 0)
    reader = PartitionReader(owner.directory)
    for step in range(8):
        if step % 3 == 2:
            gone = rng.choice(owner.corpus.ids, 50, replace=False).tolist()
            owner.apply(Batch.of_deletions(gone, DIMENSIONS))
        else:
            owner.apply(owner.batch(90, prefix=f"s{step % 2}"))
        assert reader.refresh()
        yield reader.stored.state
    owner.store.close()


def corpus_of(state):
    return Corpus(state, CONFIG.game, CLASSES, VALIDATION.counts(len(CLASSES)))


def test_every_state_forwards_and_backwards(tmp_path):
    columns, history = Columns(), list(states(tmp_path))
    for state in [*history, *history[::-1], history[5], history[0], history[7]]:
        corpus, layout = corpus_of(state), Layout(state)
        for weights in WEIGHTS:
            reading = corpus.state_values(weights)
            expected = reading.examples()
            np.testing.assert_array_equal(
                columns.values(state, layout, reading.weights), expected.value
            )
            np.testing.assert_array_equal(
                columns.errors(state, layout, reading.weights), expected.stderr
            )
        table = columns.table(state, layout)
        np.testing.assert_array_equal(table.label, corpus.labels)
        np.testing.assert_array_equal(table.time, corpus.timestamps)
        assert [table.providers[place] for place in table.provider] == corpus.providers
        rows = [layout.find(row) for row in range(len(corpus))]
        assert [leaf.examples.ids[row] for leaf, row in rows] == corpus.ids


def test_slots_that_are_given_back_are_used_again(tmp_path):
    columns, history = Columns(), list(states(tmp_path))
    for state in history:
        columns.table(state, Layout(state))
    used = columns._used
    for _ in range(5):
        for state in history:
            columns.table(state, Layout(state))
    assert columns._used <= 1.5 * used


def test_rows_in_use_stay_near_those_of_the_examples(tmp_path):
    """Leaves that shrink and vanish leave free slots, which only leaves of their size can use."""
    columns, owner = Columns(), Owner(tmp_path, 0)
    reader = PartitionReader(owner.directory)
    history = []
    for step in range(9):
        if step % 3 == 2:
            gone = owner.corpus.ids[: 2 * len(owner.corpus) // 3]
            owner.apply(Batch.of_deletions(gone, DIMENSIONS))
        else:
            owner.apply(owner.batch(90, prefix=f"s{step}"))
        assert reader.refresh()
        history.append(reader.stored.state)
    owner.store.close()
    for state in [*history, *history[::-1]]:
        reading, layout = corpus_of(state).state_values(WEIGHTS[0]), Layout(state)
        values = columns.values(state, layout, reading.weights)
        np.testing.assert_array_equal(values, reading.examples().value)
        needed = sum(-(-max(len(leaf.examples), 1) // 8) * 8 for leaf in state.leaves.values())
        assert columns._used <= 1.5 * needed


def test_nothing_of_a_deleted_example_stays_once_older_views_are_dropped(tmp_path):
    owner = Owner(tmp_path, 0)
    owner.apply(owner.batch(90))
    app = app_of(tmp_path, erasure_seconds=1)
    refresher, client = app.state.refresher, Client(app)
    view = client.get("/v1/examples").json()["as_of"]["view"]
    # The last of its leaf: no other example's row is moved onto its own.
    leaf = max(owner.engine.state().leaves.values(), key=lambda leaf: len(leaf.examples))
    name, embedding = leaf.examples.ids[-1], leaf.examples.embeddings[-1].copy()
    owner.apply(Batch.of_deletions([name], DIMENSIONS))
    refresher.look()
    client.get("/v1/examples")

    def is_held():
        (partition,) = refresher.view.partitions
        return bool((embedding == partition.columns._embeddings.T).all(axis=1).any())

    assert is_held()
    deadline = time.monotonic() + 60
    while client.get("/v1/summary", params={"at": view}).status_code != 410:
        assert time.monotonic() < deadline, "the older view is kept"
        refresher.look()
    assert not is_held()
    answer = client.get("/v1/examples", params={"limit": 100}).json()
    assert {one["id"]: one["value"] for one in answer["examples"]} == pytest.approx(
        {name: value for name, (value, _) in expected([owner]).items()}, abs=1e-12
    )
    owner.store.close()
