"""The comparison of the paper's Tables 1 and 2, small, with and without Fashion-MNIST."""

import numpy as np
import orjson
import pytest

from hcdv_stream.experiments import benchmark, benchmark_sets, benchmark_tables, fashion
from hcdv_stream.experiments.benchmark_methods import methods
from hcdv_stream.experiments.datasets import DatasetError
from hcdv_stream.experiments.experiment import Options, Silent
from tests.experiments.files import write_fashion, write_sets


@pytest.fixture
def unpackaged(monkeypatch, tmp_path):
    monkeypatch.setattr(fashion, "PACKAGED", tmp_path / "nowhere")


def test_blobs_are_three_a_class_and_overlap():
    blobs = benchmark_sets.blobs(3000, 0)
    assert np.bincount(blobs.labels).tolist() == [1500, 1500]
    places = np.column_stack([blobs.columns["x"], blobs.columns["y"]])
    turned = np.floor(np.arctan2(places[:, 1], places[:, 0]) / (np.pi / 3) + 0.5) % 6
    nearest_right = np.mean(turned % 2 == blobs.labels)
    assert 0.6 < nearest_right < 0.8


def test_clicks_are_rare_skewed_and_follow_their_seed():
    shown = benchmark_sets.clicks(2000, 1)
    assert shown.labels.mean() == pytest.approx(0.03, abs=0.002)
    _, counts = np.unique(shown.columns["code0"], return_counts=True)
    assert counts.max() > 10 * counts.min()
    again = benchmark_sets.clicks(2000, 1)
    assert np.array_equal(again.columns["code3"], shown.columns["code3"])


def test_fashion_is_read_from_the_data_folder(tmp_path):
    write_fashion(tmp_path)
    read = benchmark_sets.fashion(tmp_path, 50)
    assert len(read) == 50
    assert len(read.columns) == benchmark_sets.COMPONENTS
    assert set(read.labels.tolist()) <= set(range(10))


@pytest.mark.usefixtures("unpackaged")
def test_without_fashion_it_says_what_to_install(tmp_path):
    with pytest.raises(DatasetError, match="install Debian's package dataset-fashion-mnist"):
        benchmark_sets.fashion(tmp_path, 50)


def test_stability_of_values_known_by_hand():
    found = benchmark.stability([{1: 1.0, 2: 2.0, 3: 3.0}, {1: 1.0, 2: 2.0, 3: 5.0}])
    assert found["variation"] == pytest.approx(np.sqrt(2 / 3) / (7 / 3))
    assert found["agreement"] == 1.0
    assert benchmark.stability([{1: 1.0}, {2: 1.0}]) == {"variation": None, "agreement": None}


@pytest.mark.usefixtures("unpackaged")
def test_it_runs_and_says_which_set_is_missing(tmp_path):
    data = write_sets(tmp_path / "data")
    result = benchmark.run(Options(data, seeds=1, small=True), Silent())
    stored = orjson.loads(orjson.dumps(result))
    assert list(stored["summary"]) == ["synthetic", "adult", "clicks"]
    assert set(stored["skipped"]) == {"fashion-mnist"}
    names = list(methods(benchmark.SMALL_BUDGET))
    for run in stored["runs"]:
        assert list(run["methods"]) == names
        assert all(0.0 <= run["methods"][name]["top"] <= 1.0 for name in names)
    text = "\n".join(table.markdown() for table in benchmark_tables.tables(stored))
    assert "fashion-mnist is missing" in text
    assert all(name in text for name in names)
