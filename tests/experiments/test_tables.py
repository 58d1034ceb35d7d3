"""The comparison of the paper's Tables 1 and 2, small, with and without Fashion-MNIST."""

import numpy as np
import orjson
import pytest

from hcdv_stream.experiments.augmentation import fashion_mnist
from hcdv_stream.experiments.common.cases import prepare
from hcdv_stream.experiments.common.datasets import DatasetError
from hcdv_stream.experiments.common.measures import DownstreamModel
from hcdv_stream.experiments.common.methods import Valued
from hcdv_stream.experiments.experiment import ExperimentOptions, Silent
from hcdv_stream.experiments.tables import datasets, report
from hcdv_stream.experiments.tables import run as tables
from hcdv_stream.experiments.tables.claims import claims
from hcdv_stream.experiments.tables.downstream import utility
from hcdv_stream.experiments.tables.methods import HCDV, RIVALS, methods
from hcdv_stream.experiments.tables.stability import stability, twice
from tests.experiments.files import write_fashion, write_sets


@pytest.fixture
def unpackaged(monkeypatch, tmp_path):
    monkeypatch.setattr(fashion_mnist, "PACKAGED", tmp_path / "nowhere")


def test_blobs_are_three_a_class_and_overlap_slightly():
    blobs = datasets.blobs(3000, 0)
    assert np.bincount(blobs.labels).tolist() == [1500, 1500]
    places = np.column_stack([blobs.columns["x"], blobs.columns["y"]])
    turned = np.floor(np.arctan2(places[:, 1], places[:, 0]) / (np.pi / 3) + 0.5) % 6
    nearest_right = np.mean(turned % 2 == blobs.labels)
    assert 0.8 < nearest_right < 0.95


def test_clicks_are_rare_skewed_and_follow_their_seed():
    shown = datasets.clicks(2000, 1)
    assert shown.labels.mean() == pytest.approx(0.03, abs=0.002)
    _, counts = np.unique(shown.columns["code0"], return_counts=True)
    assert counts.max() > 10 * counts.min()
    again = datasets.clicks(2000, 1)
    assert np.array_equal(again.columns["code3"], shown.columns["code3"])


def test_fashion_is_read_from_the_data_folder(tmp_path):
    write_fashion(tmp_path)
    read = datasets.fashion(tmp_path, 50)
    assert len(read) == 50
    assert len(read.columns) == datasets.COMPONENTS
    assert set(read.labels.tolist()) <= set(range(10))


@pytest.mark.usefixtures("unpackaged")
def test_without_fashion_it_says_what_to_install(tmp_path):
    with pytest.raises(DatasetError, match="install Debian's package dataset-fashion-mnist"):
        datasets.fashion(tmp_path, 50)


def test_stability_of_values_known_by_hand():
    found = stability([{1: 1.0, 2: 2.0, 3: 3.0}, {1: 1.0, 2: 2.0, 3: 5.0}])
    assert found["variation"] == pytest.approx(np.sqrt(2 / 3) / (7 / 3))
    assert found["agreement"] == 1.0


def test_what_one_split_alone_values_does_not_count():
    found = stability([{1: 1.0, 2: 2.0, 3: 3.0, 9: 70.0}, {1: 3.0, 2: 2.0, 3: 1.0, 8: -9.0}])
    assert found["variation"] == pytest.approx(np.sqrt(4 / 3) / 2.0)
    assert found["agreement"] == pytest.approx(-1.0)
    assert stability([{1: 1.0}, {2: 1.0}]) == {"variation": None, "agreement": None}


def test_twice_halves_v_and_changes_the_seed_but_not_the_examples():
    case = prepare(datasets.blobs(400, 100), 100)
    seen = []

    def method(given):
        seen.append(given)
        return Valued(given.embeddings[:, 0].astype(np.float64))

    assert twice(case, method) == {"variation": 0.0, "agreement": pytest.approx(1.0)}
    first, second = seen
    assert np.array_equal(first.labels, case.labels)
    assert np.array_equal(first.embeddings, second.embeddings)
    assert first.seed != second.seed
    halves = np.concatenate([first.validation.embeddings, second.validation.embeddings])
    assert np.array_equal(np.sort(halves, axis=0), np.sort(case.validation.embeddings, axis=0))


def test_the_judge_asks_for_the_metric_of_the_set():
    generator = np.random.default_rng(100)
    labels = (generator.random(400) < 0.1).astype(np.int16)
    features = np.column_stack([labels + generator.normal(0, 0.1, 400)])
    wrong = np.where(np.arange(400) < 200, labels, 1 - labels).astype(np.int16)
    downstream = DownstreamModel(features, wrong, features, labels, np.array([False]))
    right, all_wrong = np.arange(200), np.arange(200, 400)
    for metric in ("AUC", "balanced accuracy", "accuracy"):
        assert utility(metric, downstream, right) > 0.95
        assert utility(metric, downstream, all_wrong) < 0.05
    passed = np.flatnonzero(wrong == 0)
    assert utility("AUC", downstream, passed) == 0.5
    assert utility("balanced accuracy", downstream, passed) == 0.5
    assert utility("accuracy", downstream, passed) == pytest.approx(1.0 - labels.mean())


def test_the_claims_compare_case_by_case():
    def run(hcdv, rival):
        methods = {name: {"top": rival, "select": rival + 0.05} for name in RIVALS}
        return {
            "set": "clicks",
            "references": {"clean": 0.7, "clean_even": 0.6},
            "methods": methods | {HCDV: {"top": hcdv, "select": hcdv + 0.1}},
        }

    result = {"summary": {"clicks": {}}, "skipped": {}, "runs": [run(0.5, 0.52), run(0.7, 0.72)]}
    table = claims(result)
    used, top, chosen = table.rows
    assert used[2:7] == ("+8.0 ± 0.0",) * 5
    assert used[-3:-1] == ("+0.0 ± 14.1", "+10.0 ± 14.1")
    assert used[-1] == chosen[-1] == "ahead"
    assert top[-1].startswith("short of MCDS, GS")
    assert "top, all of them: 0 of 1; select, all of them: 1 of 1" in table.note


@pytest.mark.usefixtures("unpackaged")
def test_it_runs_and_says_which_set_is_missing(tmp_path):
    data = write_sets(tmp_path / "data")
    result = tables.run(ExperimentOptions(data, seeds=1, small=True), Silent())
    stored = orjson.loads(orjson.dumps(result))
    assert list(stored["summary"]) == ["synthetic", "adult", "clicks"]
    assert set(stored["skipped"]) == {"fashion-mnist"}
    names = list(methods(tables.SMALL_BUDGET))
    for run in stored["runs"]:
        assert list(run["methods"]) == names
        assert all(0.0 <= run["methods"][name]["top"] <= 1.0 for name in names)
    assert all(run["methods"][HCDV]["twice"]["agreement"] > 0.0 for run in stored["runs"])
    text = "\n".join(table.markdown() for table in report.tables(stored))
    assert "fashion-mnist is missing" in text
    assert "| 84.6 ± 0.3 |" in text
    assert all(name in text for name in names)
