"""The experiment members, whole but small."""

from pathlib import Path

import pytest

from hcdv_stream.experiments.common.split_sets import TUNING
from hcdv_stream.experiments.experiment import ExperimentOptions, Silent
from hcdv_stream.experiments.members import run as members
from tests.experiments.test_label_errors import made


def test_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TUNING, "phoneme", made)  # type: ignore[misc]
    found = members.run(ExperimentOptions(data=Path(), seeds=1, small=True), Silent())
    assert found["seeds"] == [100]
    sizes, several = members.SMALL_LEAF_SIZES, members.SMALL_MEMBERS
    tried = [(run["parameter"], run["value"]) for run in found["runs"]]
    assert tried == [*(("leaf size", n) for n in sizes), *(("members", n) for n in several)]
    assert all(run["auroc"] > 0.8 and run["processor_seconds"] > 0 for run in found["runs"])
    means, by_set = members.tables(found)
    assert [row[:2] for row in means.rows] == [(name, str(n)) for name, n in tried]
    assert float(means.rows[0][2]) == pytest.approx(found["runs"][0]["auroc"], abs=1e-3)
    assert by_set.columns == ("parameter", "value", "phoneme")
