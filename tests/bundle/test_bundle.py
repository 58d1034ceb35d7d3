import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.bundle.errors import BundleError, LabelError
from hcdv_stream.bundle.files import ARRAY_FILES, DESCRIPTION, DOUBT_FILE, FORMAT, checksum
from hcdv_stream.valuation.validation import Validation

from .conftest import table

FILES = (*ARRAY_FILES, DOUBT_FILE)


@pytest.fixture
def saved(trained, tmp_path):
    trained.bundle.save(tmp_path / "bundle")
    return tmp_path / "bundle"


def test_the_directory_is_as_designed(saved):
    assert {path.name for path in saved.iterdir()} == {DESCRIPTION, *FILES}
    described = json.loads((saved / DESCRIPTION).read_text())
    assert [feature["name"] for feature in described["features"]] == [
        *("price", "country", "age", "returning")
    ]
    assert described["label"] == "bought"
    assert described["hyper_parameters"]["seed"] == 0
    assert described["metrics"]["balanced_accuracy"] > 0.5
    assert set(described["versions"]) == {"python", "hcdv-stream", "numpy", "torch", "scikit-learn"}


def test_what_is_loaded_is_what_was_saved(trained, saved):
    bundle, loaded = trained.bundle, Bundle.load(saved)
    assert loaded.checksum == bundle.checksum
    assert (loaded.schema, loaded.classes, loaded.label) == (
        bundle.schema,
        bundle.classes,
        "bought",
    )
    assert (loaded.tau, loaded.metrics) == (bundle.tau, bundle.metrics)
    assert loaded.validation.embeddings.tobytes() == bundle.validation.embeddings.tobytes()
    assert loaded.validation.labels.tobytes() == bundle.validation.labels.tobytes()
    assert loaded.seed.centroids.tobytes() == bundle.seed.centroids.tobytes()
    columns, _ = table(50, seed=3)
    assert loaded.encode_columns(columns).tobytes() == bundle.encode_columns(columns).tobytes()


def test_saving_twice_writes_the_same_bytes_and_leaves_nothing_else(trained, saved):
    before = {path.name: path.read_bytes() for path in saved.iterdir()}
    trained.bundle.save(saved)
    assert {path.name: path.read_bytes() for path in saved.iterdir()} == before
    assert [path.name for path in saved.parent.iterdir()] == ["bundle"]


def test_an_empty_directory_may_become_a_bundle_but_nothing_else(trained, tmp_path):
    (tmp_path / "empty").mkdir()
    trained.bundle.save(tmp_path / "empty")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(BundleError, match="is no bundle, so it is not replaced"):
        trained.bundle.save(tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "precious"


def test_a_file_in_the_way(trained, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BundleError, match="cannot be written"):
        trained.bundle.save(tmp_path / "file" / "bundle")


@pytest.mark.parametrize("name", [DESCRIPTION, *FILES])
def test_a_missing_file(saved, name):
    (saved / name).unlink()
    with pytest.raises(BundleError, match=rf"{name} is missing.*hcdv-stream train"):
        Bundle.load(saved)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("place", [0, -20])
def test_a_damaged_file(saved, name, place):
    content = bytearray((saved / name).read_bytes())
    content[place] ^= 1
    (saved / name).write_bytes(content)
    with pytest.raises(BundleError, match=rf"damaged: {name}.*hcdv-stream train"):
        Bundle.load(saved)


def test_an_edited_description(saved):
    described = json.loads((saved / DESCRIPTION).read_text())
    described["tau"] = 0.5
    (saved / DESCRIPTION).write_text(json.dumps(described))
    with pytest.raises(BundleError, match=r"damaged: bundle.json"):
        Bundle.load(saved)


@pytest.mark.parametrize("text", ["", "[]", '{"format": 99}'])
def test_another_format(saved, text):
    (saved / DESCRIPTION).write_text(text)
    with pytest.raises(BundleError, match=r"(not of format|cannot be read).*hcdv-stream train"):
        Bundle.load(saved)


def test_nothing_there(tmp_path):
    with pytest.raises(BundleError, match="there is no bundle at"):
        Bundle.load(tmp_path / "nowhere")


def test_whole_files_that_do_not_belong_together(trained, saved, tmp_path):
    validation = Validation(np.zeros((2, 3), np.float32), np.zeros(2, np.int16))
    other = replace(trained.bundle, validation=validation)
    other.save(tmp_path / "other")
    with pytest.raises(BundleError, match=r"V and the encoder differ in size \(3 and 8\)"):
        Bundle.load(tmp_path / "other")


def test_a_description_without_an_entry(saved):
    described = json.loads((saved / DESCRIPTION).read_text())
    del described["tau"], described["checksum"], described["format"]
    files = described.pop("files")
    signed = {"format": FORMAT, **described, "files": files, "checksum": checksum(described, files)}
    (saved / DESCRIPTION).write_text(json.dumps(signed))
    with pytest.raises(BundleError, match="inconsistent"):
        Bundle.load(saved)


def test_a_copy_is_the_same_bundle(saved, trained, tmp_path):
    shutil.copytree(saved, tmp_path / "copy")
    assert Bundle.load(tmp_path / "copy").checksum == trained.bundle.checksum


def test_classes_by_label(trained):
    assert [trained.bundle.class_of(label) for label in ("no", "yes")] == [0, 1]
    with pytest.raises(LabelError, match="'maybe' is none of no, yes"):
        trained.bundle.class_of("maybe")


def test_a_bundle_without_a_doubt_model_is_as_it_was(trained, tmp_path):
    plain = replace(trained.bundle, doubt=None, calibration=())
    plain.save(tmp_path / "plain")
    described = json.loads((tmp_path / "plain" / DESCRIPTION).read_text())
    assert described["format"] == 1
    assert "doubt" not in described
    assert {path.name for path in (tmp_path / "plain").iterdir()} == {DESCRIPTION, *ARRAY_FILES}
    loaded = Bundle.load(tmp_path / "plain")
    assert loaded.doubt is None
    assert loaded.checksum == plain.checksum != trained.bundle.checksum
