"""Our safetensors files are those of the format's own library, both ways."""

import json

import pytest
import safetensors.torch
import torch

from hcdv_stream.bundle.tensors import tensors_bytes, tensors_from

TENSORS = {
    "network.0.weight": torch.arange(12.0).reshape(3, 4) / 7,
    "network.0.bias": torch.tensor([1e-30, -0.0, 3.5]),
    "centre": torch.ones(5),
    "größe": torch.zeros(2, 0),
    "one": torch.tensor(2.5),
}


def test_the_library_writes_the_same_bytes() -> None:
    for names in (list(TENSORS), ["centre"], []):
        chosen = {name: TENSORS[name] for name in names}
        assert tensors_bytes(chosen) == safetensors.torch.save(chosen)


def test_each_reads_what_the_other_wrote() -> None:
    for read in (
        tensors_from(safetensors.torch.save(TENSORS)),
        safetensors.torch.load(tensors_bytes(TENSORS)),
    ):
        assert read.keys() == TENSORS.keys()
        assert all(torch.equal(read[name], TENSORS[name]) for name in read)


def test_metadata_are_skipped() -> None:
    content = safetensors.torch.save(TENSORS, {"format": "pt"})
    assert tensors_from(content).keys() == TENSORS.keys()


def test_other_types_are_refused() -> None:
    doubles = {"centre": torch.ones(2, dtype=torch.float64)}
    with pytest.raises(ValueError, match="centre must be of type float32"):
        tensors_bytes(doubles)
    with pytest.raises(ValueError, match="centre must be of type float32, and is of F64"):
        tensors_from(safetensors.torch.save(doubles))


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
