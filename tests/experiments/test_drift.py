"""The drift experiment, whole but small, and what its task promises."""

import numpy as np
import orjson
import pytest

from hcdv_stream.experiments.common.datasets import clickstream
from hcdv_stream.experiments.drift import report
from hcdv_stream.experiments.drift.run import changed_run, dead_auc, stationary_run
from hcdv_stream.experiments.drift.strategies import WAYS
from hcdv_stream.experiments.drift.task import DriftTask, drift_task, without_trusted


@pytest.fixture(scope="module")
def task() -> DriftTask:
    return drift_task(clickstream(1200, 100), 100, 1.0, small=True)


def test_labels_are_swapped_for_the_last_third(task: DriftTask):
    assert task.old.mean() == pytest.approx(2 / 3, abs=0.01)
    old, new = task.right[task.old], task.right[~task.old]
    assert 0.02 < old.mean() < 0.2  # the labels that were wrong are right by now
    assert new.mean() > 0.85
    assert task.right[task.trusted & ~task.old].all()
    assert not task.dead[~task.old].any()
    assert not (task.dead & task.right).any()


def test_nothing_changes_without_a_change():
    task = drift_task(clickstream(1200, 100), 100, 0.0, small=True)
    assert not task.dead.any()


def test_every_way_values_the_same_sessions(task: DriftTask):
    valued = without_trusted(task)
    for name, way in WAYS.items():
        streamed = way(task)
        assert streamed.values.shape == (len(valued.batch),), name
        assert np.isfinite(streamed.values).all()
    assert WAYS["V moving"](task).evaluators != WAYS["V frozen"](task).evaluators


def test_dead_examples_are_found_by_low_scores(task: DriftTask):
    valued = without_trusted(task)
    assert dead_auc(valued, np.where(valued.dead, 0.0, 1.0)) == 1.0
    assert dead_auc(valued, np.where(valued.dead, 1.0, 0.0)) == 0.0


def test_tables_come_from_its_json():
    data = clickstream(1200, 100)
    result = {
        "seeds": [100],
        "runs": [changed_run(data, 100, changed, small=True) for changed in (1.0, 0.5)],
        "stationary": [stationary_run(data, 100, small=True)],
        "months": [{"seed": 100, "ratios": dict.fromkeys(WAYS, 1.0)}],
    }
    tables = report.tables(orjson.loads(orjson.dumps(result)))
    assert [len(table.rows) for table in tables] == [4, 2, 1, 1]
    assert all(len(row) == len(table.columns) for table in tables for row in table.rows)
