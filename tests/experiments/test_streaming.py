"""The streaming experiment, whole but small, and the ways it compares."""

import numpy as np
import orjson
import pytest

from hcdv_stream.experiments.experiment import ExperimentOptions, Silent
from hcdv_stream.experiments.streaming import run as streaming
from hcdv_stream.experiments.streaming.strategies import (
    FULL,
    INCREMENTAL,
    WAYS,
    SessionStream,
    grouped,
)
from hcdv_stream.valuation.tree.bisection import parts


@pytest.fixture(scope="module")
def task():
    return streaming._StreamTask(0, 40)


def test_mini_batches_cover_the_stream(task):
    stream = task.stream
    cuts = list(SessionStream(stream.bundle, stream.batch, 150, 0).stops())
    assert cuts == [(0, 150), (150, 300), (300, 400)]


@pytest.mark.parametrize("name", [*WAYS])
def test_every_way_values_every_session_and_times_every_mini_batch(task, name):
    kept = WAYS[name](task.stream)
    assert kept.valued.values.shape == (400,)
    assert np.isfinite(kept.valued.values).all()
    assert len(kept.seconds) == 10


def test_only_the_full_ways_build_trees(task):
    built = {name: WAYS[name](task.stream).rebuilt for name in WAYS}
    assert built[FULL] == built["GS-FULL"] == 10
    assert built[INCREMENTAL] == built["RANDOM"] == 0


def test_members_of_a_cluster_share_its_value(task):
    values = grouped(task.stream).valued.values
    clusters = parts(task.stream.batch.embeddings, -(-400 // 64))
    assert all(len(set(values[rows].tolist())) == 1 for rows in clusters)
    assert len(set(values.tolist())) > 10


def test_a_head_ranks_buyers_and_needs_both_classes(task):
    assert 0.5 < task.auc(np.arange(400)) <= 1.0
    assert task.auc(np.array([0])) == 0.5


def test_it_runs_and_tables_come_from_its_json():
    stored = orjson.loads(
        orjson.dumps(streaming.run(ExperimentOptions(None, 1, small=True), Silent()))
    )
    assert set(stored["runs"][0]["ways"]) == set(WAYS)
    tables = streaming.tables(stored)
    assert [len(table.rows) for table in tables] == [len(WAYS), 4, 4]
    assert all(len(row) == len(table.columns) for table in tables for row in table.rows)
