"""The latency experiment in small: its parts on the worker's own path, and its tables."""

import orjson
import pytest

from hcdv_stream.experiments.common.feed import SMALL_PER_DAY, Feed, trained_bundle
from hcdv_stream.experiments.experiment import ExperimentOptions, Silent
from hcdv_stream.experiments.latency import report
from hcdv_stream.experiments.latency import run as latency
from hcdv_stream.experiments.latency.throughput import ThroughputError, measure_throughput
from hcdv_stream.experiments.latency.worker_path import STAGES, WorkerPath


@pytest.fixture(scope="module")
def bundle():
    return trained_bundle(0, SMALL_PER_DAY)


def test_a_feed_goes_on_over_days_without_repeating_an_id():
    feed = Feed(seed=1, per_day=20)
    records = [*feed.take(15), *feed.take(30)]
    assert [record.offset for record in records] == list(range(45))
    assert len({record.key for record in records}) == 45
    assert b'"schema":1' in (records[0].value or b"")


def test_a_lane_times_every_stage(tmp_path, bundle):
    with WorkerPath(tmp_path, bundle, seed=0) as path:
        filled = path.fill(250, run=100)
        step = path.step(30)
    assert len(filled) == 3
    assert set(step.stages) == set(STAGES)
    assert all(seconds > 0.0 for seconds in step.stages.values())
    assert sum(step.stages.values()) <= step.total


def test_a_lane_plays_the_printed_game_too(tmp_path, bundle):
    with WorkerPath(tmp_path, bundle, 0, "algorithm1", **latency.PAPER_SETTINGS) as path:
        assert path.step(100).stages["play"] > 0.0


@pytest.mark.broker
@pytest.mark.slow
def test_everything_runs_and_is_tabled(tmp_path):
    result = latency.run(ExperimentOptions(tmp_path, seeds=1, small=True), Silent())
    stored = orjson.loads(orjson.dumps(result))
    tables = report.tables(stored)
    assert [len(table.rows) for table in tables] == [3, 3, 3, 3, 2]
    for table in tables:
        assert {len(row) for row in table.rows} == {len(table.columns)}
    assert stored["worker"]["worker"]["records"] <= 5_000
    assert stored["worker"]["worker"]["resident_bytes"] > 50e6
    assert stored["recomputation"]["rebuild_seconds"] > 0.0


@pytest.mark.broker
@pytest.mark.slow
def test_too_few_sessions_give_no_rate(bundle):
    with pytest.raises(ThroughputError, match="too few to measure a rate"):
        measure_throughput(bundle, 10)
