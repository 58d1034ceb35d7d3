"""The drift experiment, whole but small, and what its task promises."""

import numpy as np
import orjson
import pytest

from hcdv_stream.experiments.common.datasets import Dataset, clickstream
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


def test_of_many_classes_each_becomes_the_next():
    data = clickstream(1200, 100)
    labels = (np.arange(len(data)) % 3).astype(np.int16)
    many = Dataset("three classes", data.columns, labels, ("a", "b", "c"))
    task = drift_task(many, 100, 1.0, small=True)
    assert set(task.batch.labels.tolist()) == {0, 1, 2}
    assert task.right[~task.old].mean() > 0.85
    assert 0.01 < task.right[task.old].mean() < 0.12  # half of those that were wrong
    sure = task.trusted & task.old
    assert task.dead[sure].all()


def test_a_smaller_set_is_cut_in_the_same_proportions():
    task = drift_task(clickstream(1100, 100), 100, 1.0)
    assert len(task.validation.labels) == pytest.approx(1100 * 600 / 11_100, abs=1)
    assert len(task.batch) == pytest.approx(1100 * 7_500 / 11_100, abs=1)


def test_doctor_says_when_sessions_diverge_from_v():
    verdict = WAYS["V frozen"](drift_task(clickstream(4000, 100), 100, 1.0)).doctor
    assert not verdict.warned_before
    assert 0.0 < verdict.warned <= 1.0
    assert "sessions diverge from V: all sessions" in verdict.end


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
        "runs": [
            {"report": report} | changed_run(data, 100, changed, small=True)
            for report, changed in ((True, 1.0), (False, 0.5))
        ],
        "stationary": [{"report": True} | stationary_run(data, 100, small=True)],
        "months": [{"seed": 100, "ratios": dict.fromkeys(WAYS, 1.0)}],
    }
    tables = report.tables(orjson.loads(orjson.dumps(result)))
    assert [len(table.rows) for table in tables] == [4, 4, 4, 1, 1]
    assert all(len(row) == len(table.columns) for table in tables for row in table.rows)
