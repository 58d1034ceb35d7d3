"""Tensors of 32-bit floats as bytes, in the safetensors format: a JSON header, then the numbers.

The format's own library is one package more for what are two short functions here; tests hold both
against each other.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

_LENGTH_BYTES = 8
_ALIGNMENT = 8
_MOST_HEADER_BYTES = 1 << 20
_TYPE, _BYTES = "F32", 4
_DAMAGED = "it holds no tensors, or damaged ones"


class _Entry(NamedTuple):
    name: str
    kind: str
    shape: tuple[int, ...]
    offsets: tuple[int, int]

    @classmethod
    def of(cls, name: str, said: Any) -> "_Entry":
        """Read what the header says of a tensor; raises one of many errors."""
        begin, end = said["data_offsets"]
        shape = tuple(said["shape"])
        if not all(type(each) is int and each >= 0 for each in (*shape, begin, end)):
            raise ValueError(f"{name} has a shape or a place that is none")
        return cls(name, str(said["dtype"]), shape, (begin, end))


def _place(entry: _Entry) -> tuple[int, int]:
    return entry.offsets


def tensors_bytes(tensors: Mapping[str, npt.NDArray[np.float32]]) -> bytes:
    """Return tensors of type float32 in the safetensors format, in order of their names."""
    header: dict[str, Any] = {}
    parts: list[bytes] = []
    end = 0
    for name in sorted(tensors):
        tensor = tensors[name]
        if tensor.dtype != np.float32:
            raise ValueError(f"{name} must be of type float32, and is of {tensor.dtype}")
        parts.append(tensor.astype("<f4", copy=False).tobytes())
        begin, end = end, end + len(parts[-1])
        header[name] = {
            "dtype": _TYPE,
            "shape": list(tensor.shape),
            "data_offsets": [begin, end],
        }
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    return b"".join((len(text).to_bytes(_LENGTH_BYTES, "little"), text, *parts))


def tensors_from(content: bytes) -> dict[str, npt.NDArray[np.float32]]:
    """Read what ``tensors_bytes`` wrote; raises ValueError unless it says all of the content."""
    size = int.from_bytes(content[:_LENGTH_BYTES], "little")
    begin = _LENGTH_BYTES + size
    if len(content) < begin or not 0 < size <= _MOST_HEADER_BYTES:
        raise ValueError(f"{_DAMAGED}: the header is cut off")
    try:
        header = json.loads(content[_LENGTH_BYTES:begin])
        header.pop("__metadata__", None)
        entries = sorted((_Entry.of(name, said) for name, said in header.items()), key=_place)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"{_DAMAGED}: the header cannot be read") from error
    numbers = content[begin:]
    tensors: dict[str, npt.NDArray[np.float32]] = {}
    expected = 0
    for name, kind, shape, offsets in entries:
        if kind != _TYPE:
            raise ValueError(f"{name} must be of type float32, and is of {kind}")
        size = _BYTES * int(np.prod(shape, dtype=object))
        if offsets != (expected, expected + size) or expected + size > len(numbers):
            raise ValueError(f"{_DAMAGED}: {name} does not lie where the one before it ends")
        part = np.frombuffer(numbers, "<f4", size // _BYTES, expected)
        tensors[name] = part.astype(np.float32).reshape(shape)
        expected += size
    if expected != len(numbers):
        raise ValueError(f"{_DAMAGED}: there are more bytes than tensors")
    return tensors
