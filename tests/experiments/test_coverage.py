"""The experiment coverage: what it counts, and that it runs."""

from pathlib import Path

import numpy as np
import pytest

from hcdv_stream.experiments.common.datasets import Dataset
from hcdv_stream.experiments.common.split_sets import REPORT
from hcdv_stream.experiments.coverage import run as coverage
from hcdv_stream.experiments.experiment import ExperimentOptions, Silent


def made(_: Path) -> Dataset:
    """Two classes that overlap."""
    generator = np.random.default_rng(0)
    labels = (generator.random(600) < 0.3).astype(np.int16)
    columns = {name: generator.normal(1.5 * labels) for name in "xy"}
    return Dataset("made", columns, labels, ("no", "yes"))


@pytest.mark.parametrize("draws", [4, 40])
def test_known_errors_cover_what_they_say(draws: int) -> None:
    """The mean of few draws has an error of its own, which is taken out."""
    values = np.random.default_rng(1).normal(size=(draws, 20_000))
    inside = coverage.held(values, np.full((draws, 1), coverage.NORMAL))
    assert inside.mean() == pytest.approx(0.95, abs=0.003)


def test_coverage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REPORT, "ring", made)  # type: ignore[misc]
    found = coverage.run(ExperimentOptions(data=Path(), seeds=1, small=True), Silent())
    assert [run["drawn"] for run in found["runs"]] == list(coverage.KINDS)
    for run in found["runs"]:
        stated, evaluators = run["stderr"], run["evaluators"]
        assert stated["sd"] > evaluators["sd"] > 0.2
        assert stated["student"] >= stated["coverage"] > evaluators["coverage"]
    tables = coverage.tables(found)
    assert [len(table.rows) for table in tables] == [1, 1, 1]
    assert all(len(row) == len(table.columns) for table in tables for row in table.rows)
