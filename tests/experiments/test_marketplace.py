"""The marketplace experiment, whole but small, and its parts."""

import numpy as np
import orjson
import pytest

from hcdv_stream.experiments.common.datasets import Dataset
from hcdv_stream.experiments.experiment import ExperimentOptions, Silent
from hcdv_stream.experiments.marketplace import run as marketplace
from hcdv_stream.experiments.marketplace.market import gini, paid
from hcdv_stream.experiments.marketplace.sellers import PROFILES, drawn

LEVELS = [f"level {number}" for number in range(16)]


def census(rows=60_000, seed=0):
    generator = np.random.default_rng(seed)
    sex = np.array(["Female", "Male"], dtype=object)[generator.integers(2, size=rows)]
    return Dataset(
        "made up",
        {
            "age": generator.integers(17, 80, rows).astype(np.float64),
            "sex": sex,
            "education": np.array(LEVELS, dtype=object)[generator.integers(16, size=rows)],
        },
        generator.integers(2, size=rows).astype(np.int16),
        ("low", "high"),
    )


def test_sellers_have_their_profiles_and_share_no_row():
    data = census()
    sold = drawn(data, np.arange(len(data)), PROFILES, np.random.default_rng(0))
    assert len(set(np.concatenate(sold).tolist())) == sum(map(len, sold))
    for profile, rows in zip(PROFILES, sold, strict=True):
        columns = data.take(rows).columns
        assert len(rows) == pytest.approx(profile.size, abs=3)
        assert data.labels[rows].mean() == pytest.approx(profile.high, abs=0.002)
        assert (columns["sex"] == "Female").mean() == pytest.approx(profile.women, abs=0.002)
        assert np.median(columns["age"]) == pytest.approx(profile.age, abs=1)
        assert len(set(columns["education"])) == profile.levels


def test_only_rows_on_offer_are_sold():
    data = census(2_000)
    sold = drawn(data, np.arange(100), PROFILES[:1], np.random.default_rng(0))
    assert len(sold[0]) > 0
    assert sold[0].max() < 100


def test_nobody_is_paid_for_harm():
    assert paid(np.array([3.0, -1.0, 1.0])).tolist() == [0.75, 0.0, 0.25]
    assert paid(np.array([-1.0, -2.0])).tolist() == [0.5, 0.5]


def test_gini():
    assert gini(np.array([0.25, 0.25, 0.25, 0.25])) == 0.0
    assert gini(np.array([0.0, 0.0, 0.0, 1.0])) == pytest.approx(0.75)


def test_it_runs_and_tables_come_from_its_json(monkeypatch):
    monkeypatch.setattr(marketplace, "adult", lambda data, size: census(size))
    result = marketplace.run(ExperimentOptions(None, seeds=1, small=True), Silent())
    stored = orjson.loads(orjson.dumps(result))
    (run,) = stored["runs"]
    assert len(run["flood"]) == 9
    assert all(sum(each["parts"]) == pytest.approx(1.0) for each in run["methods"].values())
    tables = marketplace.tables(stored)
    assert [len(table.rows) for table in tables] == [5, len(run["methods"]), 5, 6]
    assert {len(row) for table in tables for row in table.rows} == {7, 11, 9, 5}
    assert all(len(row) == len(table.columns) for table in tables for row in table.rows)
