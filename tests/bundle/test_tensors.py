"""Our safetensors files are those of the format's own library, both ways."""

import json

import numpy as np
import pytest
import safetensors.numpy

from hcdv_stream.bundle.tensors import tensors_bytes, tensors_from

TENSORS = {
    "network.0.weight": np.arange(12, dtype=np.float32).reshape(3, 4) / np.float32(7),
    "network.0.bias": np.array([1e-30, -0.0, 3.5], np.float32),
    "centre": np.ones(5, np.float32),
    "größe": np.zeros((2, 0), np.float32),
    "one": np.array(2.5, np.float32),
}


def test_the_library_writes_the_same_bytes() -> None:
    for names in (list(TENSORS), ["centre"], []):
        chosen = {name: TENSORS[name] for name in names}
        assert tensors_bytes(chosen) == safetensors.numpy.save(chosen)


def test_each_reads_what_the_other_wrote() -> None:
    for read in (
        tensors_from(safetensors.numpy.save(TENSORS)),
        safetensors.numpy.load(tensors_bytes(TENSORS)),
    ):
        assert read.keys() == TENSORS.keys()
        assert all(read[name].tobytes() == TENSORS[name].tobytes() for name in read)


def test_metadata_are_skipped() -> None:
    content = safetensors.numpy.save(TENSORS, {"format": "pt"})
    assert tensors_from(content).keys() == TENSORS.keys()


def test_other_types_are_refused() -> None:
    doubles = {"centre": np.ones(2)}
    with pytest.raises(ValueError, match="centre must be of type float32"):
        tensors_bytes(doubles)
    with pytest.raises(ValueError, match="centre must be of type float32, and is of F64"):
        tensors_from(safetensors.numpy.save(doubles))


def test_every_truncated_or_lengthened_content_is_refused() -> None:
    content = tensors_bytes(TENSORS)
    for end in range(len(content)):
        with pytest.raises(ValueError, match=r"header|does not lie"):
            tensors_from(content[:end])
    with pytest.raises(ValueError, match="more bytes than tensors"):
        tensors_from(content + b"\0")


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]},
        {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [True], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1.0], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1 << 70], "data_offsets": [0, 1 << 72]},
        {"dtype": "F32", "shape": [1], "data_offsets": [0, 4, 8]},
        {"dtype": "F32", "shape": 1, "data_offsets": [0, 4]},
        {"dtype": "F32", "data_offsets": [0, 4]},
        [],
        None,
    ],
)
def test_headers_that_lie_are_refused(entry: object) -> None:
    header = json.dumps({"centre": entry}).encode()
    with pytest.raises(ValueError, match=r"header cannot be read|does not lie"):
        tensors_from(len(header).to_bytes(8, "little") + header + bytes(4))
