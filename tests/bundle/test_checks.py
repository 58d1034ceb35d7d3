"""A bundle whose checksums fit and whose content does not is refused, by file and field."""

import io
import json
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from hcdv_stream.bundle import arrays, files
from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.bundle.errors import BundleError
from hcdv_stream.bundle.files import ARRAY_FILES, DESCRIPTION, DOUBT_FILE, FORMAT, checksum, digests

V, TREE, ENCODER = "validation.npz", "hierarchy.npz", "encoder.safetensors"
FILES = (*ARRAY_FILES, DOUBT_FILE)
NAN, INFINITE = float("nan"), float("inf")


class Saved:
    """A bundle on disk, signed again after every change, as by somebody who means it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def describe(self, change: Callable[[dict[str, Any]], object]) -> None:
        described = json.loads((self.directory / DESCRIPTION).read_text())
        change(described)
        self._sign(described)

    def put(self, name: str, content: bytes) -> None:
        (self.directory / name).write_bytes(content)
        self._sign(json.loads((self.directory / DESCRIPTION).read_text()))

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        with np.load(self.directory / name) as stored:
            return {each: stored[each] for each in stored.files}

    def replace(self, name: str, **changes: np.ndarray | None) -> None:
        changed = {**self.arrays(name), **changes}
        buffer = io.BytesIO()
        np.savez(buffer, **{each: a for each, a in changed.items() if a is not None})
        self.put(name, buffer.getvalue())

    def tensors(self, **changes: torch.Tensor | None) -> None:
        whole = safetensors.torch.load((self.directory / ENCODER).read_bytes())
        named = {name.replace("__", "."): tensor for name, tensor in changes.items()}
        whole = {name: one for name, one in {**whole, **named}.items() if one is not None}
        self.put(ENCODER, safetensors.torch.save(whole))

    def _sign(self, described: dict[str, Any]) -> None:
        described = {k: v for k, v in described.items() if k not in {"files", "checksum", "format"}}
        found = digests({name: (self.directory / name).read_bytes() for name in FILES})
        whole = {
            "format": FORMAT, **described, "files": found, "checksum": checksum(described, found),
        }  # fmt: skip
        (self.directory / DESCRIPTION).write_text(json.dumps(whole))

    def refusal(self) -> str:
        with pytest.raises(BundleError) as caught:
            Bundle.load(self.directory)
        said = str(caught.value)
        assert "\n" not in said
        assert str(self.directory) in said
        assert "hcdv-stream train" in said
        return said


@pytest.fixture
def saved(trained: Any, tmp_path: Path) -> Saved:
    trained.bundle.save(tmp_path / "bundle")
    made = Saved(tmp_path / "bundle")
    made.describe(lambda _: None)
    assert Bundle.load(made.directory).checksum == trained.bundle.checksum
    return made


FEATURES = {  # price and age are numbers, country and returning categories
    "scale NaN": (0, {"scale": NAN}, "'price' has the scale nan"),
    "scale zero": (0, {"scale": 0.0}, "'price' has the scale 0.0, which must be over 0"),
    "scale negative": (2, {"scale": -1.0}, "'age' has the scale -1.0"),
    "scale text": (0, {"scale": "1"}, "'price' has the scale '1'"),
    "mean infinite": (0, {"mean": INFINITE}, "'price' has the mean inf"),
    "power NaN": (0, {"power": NAN}, "'price' has the power nan"),
    "nullable number": (0, {"nullable": 1}, "'price' has a nullable"),
    "other text": (1, {"other": "no"}, "'country' has an other"),
    "category twice": (1, {"categories": ["de", "fr", "de"]}, "'country' has a category twice"),
    "category number": (1, {"categories": ["de", 3]}, "'country' has a category that is no string"),
    "categories text": (1, {"categories": "de"}, "categories of 'country' are no list"),
    "unknown type": (1, {"type": "colour"}, "'country' has the unknown type 'colour'"),
    "surplus": (0, {"more": 1}, "'price' lacks 'more', or has it in vain"),
    "name": (0, {"name": 3}, "must have a text as its name"),
}


@pytest.mark.parametrize("case", FEATURES)
def test_features(saved: Saved, case: str) -> None:
    place, changes, said = FEATURES[case]
    saved.describe(lambda described: described["features"][place].update(changes))
    assert f"bundle.json: the {'categories' if 'are no' in said else 'feature'}" in saved.refusal()
    assert said in saved.refusal()


DESCRIPTIONS = {
    "tau NaN": ({"tau": NAN}, "bundle.json: tau must be over 0"),
    "tau zero": ({"tau": 0}, "bundle.json: tau must be over 0"),
    "tau true": ({"tau": True}, "bundle.json: tau must be over 0"),
    "tau far": ({"tau": 2.5}, "bundle.json: tau must be over 0 and at most 2, got 2.5"),
    "classes one": ({"classes": ["no"]}, "bundle.json: classes must be two or more"),
    "classes twice": ({"classes": ["no", "no"]}, "bundle.json: classes must be two or more"),
    "classes numbers": ({"classes": [0, 1]}, "bundle.json: classes must be two or more"),
    "classes text": ({"classes": "no"}, "bundle.json: classes is missing or no list"),
    "label": ({"label": None}, "bundle.json: label is missing or no str"),
    "features": ({"features": {}}, "bundle.json: features is missing or no list"),
    "feature text": ({"features": ["price"]}, "bundle.json: a feature is no object, but str"),
    "no features": ({"features": []}, "a schema needs at least one feature"),
    "dimensions": ({"dimensions": 9}, "bundle.json and the encoder differ in dimensions (9 and 8)"),
    "metrics": ({"metrics": []}, "bundle.json: metrics is missing or no dict"),
}


@pytest.mark.parametrize("case", DESCRIPTIONS)
def test_descriptions(saved: Saved, case: str) -> None:
    changes, said = DESCRIPTIONS[case]
    saved.describe(lambda described: described.update(changes))
    assert said in saved.refusal()


def spoilt(array: np.ndarray, value: float) -> np.ndarray:
    changed = array.copy()
    changed.flat[0] = value
    return changed


@pytest.mark.parametrize("value", [NAN, INFINITE, 0.123456789, 7.0])
def test_embeddings_of_v_and_centroids(saved: Saved, value: float) -> None:
    whole = saved.arrays(V)["embeddings"]
    saved.replace(V, embeddings=spoilt(whole, value))
    assert "validation.npz: embeddings must be unit vectors on the grid" in saved.refusal()
    saved.replace(V, embeddings=whole)
    saved.replace(TREE, centroids=spoilt(saved.arrays(TREE)["centroids"], value))
    assert "hierarchy.npz: centroids must be unit vectors on the grid" in saved.refusal()


@pytest.mark.parametrize("label", [-1, 2])
def test_labels_of_v(saved: Saved, label: int) -> None:
    saved.replace(V, labels=spoilt(saved.arrays(V)["labels"], label))
    assert "validation.npz: labels must be from 0 to 1" in saved.refusal()


def test_lengths_of_v(saved: Saved) -> None:
    saved.replace(V, labels=saved.arrays(V)["labels"][1:])
    assert "validation.npz: there are" in saved.refusal()


SHAPES = {
    "type": (V, {"labels": np.zeros(3, np.int64)}, "labels must be of type <i2 with 1 axes"),
    "axes": (V, {"embeddings": np.zeros(3, np.float32)}, "and are of type <f4 and 1 axes"),
    "columns": (
        V,
        {"embeddings": np.asfortranarray(np.zeros((2, 8), np.float32))},
        "embeddings must be of type <f4",
    ),
    "missing": (V, {"labels": None}, "it holds other arrays than embeddings, labels"),
    "surplus": (TREE, {"more": np.zeros(1)}, "it holds other arrays than centroids, parents"),
    "wide": (TREE, {"parents": np.zeros((2, 2), np.int64)}, "parents must be of type <i8"),
}


@pytest.mark.parametrize("case", SHAPES)
def test_types_and_shapes(saved: Saved, case: str) -> None:
    name, changes, said = SHAPES[case]
    saved.replace(name, **changes)
    refusal = saved.refusal()
    assert f"{name}: " in refusal
    assert said in refusal


UNIT = np.eye(8, dtype=np.float32)
TREES = {
    # leaves' parents, nodes' parents
    "empty": ([], [], "there are 0 centroids for 0 leaves under 0 nodes"),
    "no leaf": ([], [-1], "there are 0 centroids for 0 leaves"),
    "out of range": ([0, 3], [-1], "parents must be from 0 to 0"),
    "negative": ([0, -1], [-1], "parents must be from 0 to 0"),
    "node out of range": ([1, 2], [-1, 0, 5], "node_parents must be from -1 to 2"),
    "two roots": ([0, 1], [-1, -1], "must have -1 for one node, the root"),
    "no root": ([0, 1], [1, 0], "must have -1 for one node, the root"),
    "a cycle": ([0, 0], [-1, 2, 1], "node_parents have a cycle"),
    "unbalanced": ([1, 3], [-1, 0, 0, 2], "leaves at different depths"),
    "both": ([0, 1], [-1, 0], "leaves at different depths"),
    "childless": ([1, 1], [-1, 0, 0], "a node has no children"),
}


@pytest.mark.parametrize("case", TREES)
def test_hierarchies(saved: Saved, case: str) -> None:
    parents, above, said = TREES[case]
    saved.replace(
        TREE,
        centroids=UNIT[: len(parents)],
        parents=np.array(parents, np.int64),
        node_parents=np.array(above, np.int64),
    )
    assert f"hierarchy.npz: {said}" in saved.refusal() or said in saved.refusal()
    assert "hierarchy.npz: " in saved.refusal()


TENSORS = {
    "NaN": ({"centre": torch.full((8,), NAN)}, "centre holds NaN or infinite numbers"),
    "type": ({"centre": torch.zeros(8, dtype=torch.float64)}, "centre must be of type float32"),
    "empty": ({"centre": torch.zeros(0)}, "centre has the shape (0,)"),
    "missing": ({"centre": None}, "the encoder's centre is missing"),
    "length": ({"centre": torch.zeros(7)}, "centre and its last layer differ in length"),
    "layers": ({"network__9__weight": torch.zeros(3, 3)}, "are not the layers of a perceptron"),
    "bias": ({"network__0__bias": torch.zeros(3)}, "the encoder's layers do not fit together"),
    "lost": ({"network__0__bias": None}, "are not the layers of a perceptron"),
}


@pytest.mark.parametrize("case", TENSORS)
def test_tensors(saved: Saved, case: str) -> None:
    changes, said = TENSORS[case]
    saved.tensors(**changes)
    refusal = saved.refusal()
    assert "encoder.safetensors: " in refusal
    assert said in refusal


def test_safetensors_whose_header_lies(saved: Saved) -> None:
    header = json.dumps(
        {"centre": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}}
    ).encode()
    for content in (struct.pack("<Q", len(header)) + header, struct.pack("<Q", 1 << 60), b""):
        saved.put(ENCODER, content)
        assert "encoder.safetensors: it holds no tensors, or damaged ones" in saved.refusal()


DOUBTS = {
    "missing": ({"slopes": None}, "it holds other arrays than"),
    "slope zero": ({"slopes": np.zeros(2)}, "a slope that is not above 0"),
    "offset NaN": ({"offsets": np.full(2, NAN)}, "its calibration holds NaN"),
    "classes": ({"offsets": np.zeros(3)}, "its calibration is of another number of classes"),
    "columns": ({"centre": np.zeros((1, 3))}, "its linear model differ in length"),
    "scale zero": ({"scale": np.zeros((1, 7))}, "its linear model"),
    "models": ({"intercepts": np.zeros((2, 2))}, "of different numbers of models"),
    "sizes": ({"forest_sizes": np.array([3])}, "the sizes of its forest are not"),
    "feature": ({"forest_feature": 99}, "a feature of its trees is not from 0 to"),
    "threshold": ({"forest_threshold": NAN}, "a threshold of its trees is NaN"),
    "leaf": ({"boosting_threshold": 0.0}, "a leaf of its trees has a threshold"),
    "cycle": ({"forest_left": 0}, "a child of its trees is no later node"),
    "share": ({"forest_outputs": -1}, "its trees hold a negative share"),
    "sharpness": ({"sharpness": np.ones(2)}, "its sharpness is of another number of models"),
    "learned": ({"learned": np.array([2, 1], np.uint64)}, "learned from do not ascend"),
    "root": ({"forest_roots": -1}, "a root of its trees is no node"),
    "baseline": ({"baseline": np.full((1, 1), NAN)}, "no baseline of finite numbers"),
}


@pytest.mark.parametrize("case", DOUBTS)
def test_doubt_models(saved: Saved, case: str) -> None:
    changes, said = DOUBTS[case]
    stored = saved.arrays(DOUBT_FILE)
    whole = {
        name: np.full_like(stored[name], change) if isinstance(change, int | float) else change
        for name, change in changes.items()
    }
    saved.replace(DOUBT_FILE, **whole)
    assert "doubt.npz: " in saved.refusal()
    assert said in saved.refusal()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"evidence": "hearsay"}, "doubt has no evidence that is validation or examples"),
        ({"providers": {"a": 0}}, "doubt.npz: a provider's models are not there"),
        ({"providers": {"a": "0"}}, "no object of providers with whole numbers"),
        ({"calibration": [{"doubt": 1}]}, "doubt has no list of calibration points"),
    ],
)
def test_what_is_said_of_a_doubt_model(saved: Saved, change: dict[str, Any], said: str) -> None:
    saved.describe(lambda described: described["doubt"].update(change))
    assert said in saved.refusal()


def archive(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made:
        for name, content in members.items():
            made.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


LABELS = npy(np.zeros(3, np.int16))


def test_an_archive_that_unpacks_to_much_takes_no_memory(
    saved: Saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 4 << 20
    monkeypatch.setattr(arrays, "MOST_BYTES", most)
    packed = archive({"embeddings": bytes(64 << 20), "labels": LABELS})
    assert len(packed) < most
    saved.put(V, packed)
    tracemalloc.start()
    refusal = saved.refusal()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "validation.npz: it unpacks to 64 MiB, and at most 4 MiB are read" in refusal
    assert peak < 2 * most


@pytest.mark.parametrize("declared", [100, 1 << 31])
def test_an_archive_that_lies_about_its_sizes(saved: Saved, declared: int) -> None:
    true = 64 << 20
    packed = archive({"embeddings": bytes(true), "labels": LABELS})
    lying = packed.replace(struct.pack("<I", true), struct.pack("<I", declared))
    assert lying != packed
    saved.put(V, lying)
    tracemalloc.start()
    refusal = saved.refusal()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "validation.npz: it " in refusal
    assert peak < true / 2


def test_an_array_that_lies_about_its_shape(saved: Saved) -> None:
    honest = npy(np.zeros((3, 8), np.float32))
    lying = honest.replace(b"(3, 8)", b"(3, 800000000000)".ljust(6))
    shorter = len(lying) - len(honest)
    lying = lying.replace(b" " * shorter + b"\n", b"\n", 1)
    saved.put(V, archive({"embeddings": lying, "labels": LABELS}))
    assert "validation.npz: embeddings have the shape (3, 800000000000)" in saved.refusal()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is no archive of arrays"),
        (b"PK\x05\x06" + bytes(18), "it holds other arrays"),
        (archive({"embeddings": b"no array", "labels": LABELS}), "a header that cannot be read"),
        (
            archive({"embeddings": LABELS, "labels": LABELS}, zipfile.ZIP_LZMA),
            "packed or encrypted in a way that is not read",
        ),
        (archive({"embeddings": npy(np.array([[{}]])), "labels": LABELS}), "of type |O"),
    ],
)
def test_odd_archives(saved: Saved, content: bytes, said: str) -> None:
    saved.put(V, content)
    assert f"validation.npz: {'embeddings' if ' header ' in said or '|O' in said else ''}" in (
        saved.refusal()
    )
    assert said in saved.refusal()


def test_files_larger_than_any_of_ours(saved: Saved, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 1 << 20)
    with (saved.directory / V).open("ab") as file:
        file.truncate(5 << 20)
    assert "validation.npz of the bundle" in saved.refusal()
    monkeypatch.setattr(files, "_MOST_TEXT", 1 << 20)
    with (saved.directory / DESCRIPTION).open("ab") as file:
        file.truncate(5 << 20)
    assert "bundle.json of the bundle" in saved.refusal()


@pytest.mark.parametrize("text", ["[" * 100_000, '{"format": 1', "\x00"])
def test_descriptions_that_are_no_json(saved: Saved, text: str) -> None:
    (saved.directory / DESCRIPTION).write_text(text)
    assert "bundle.json is no JSON text" in saved.refusal()
