"""Records: named arrays as bytes, with a version and a checksum, never pickle.

A record is a frame of 16 bytes (magic, CRC-32 of all that follows, format version, kind, number of
arrays, start of the data), a directory (name, dtype, shape of each array) and the arrays' bytes,
little-endian and aligned to 8. Decoded arrays are read-only views of the record: no copy.
"""

import math
import struct
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt

from hcdv_stream.state.errors import REBUILD, StateError

Array = npt.NDArray[np.generic]

FORMAT = 4
"""Newest version of records and layout; a reader refuses a newer one.

Since 2, a centroid that moved alone has a record of its own. Since 3, the header holds the
inventory of the state, and the state says which log it is computed from. Since 4, a leaf may hold
trusted sessions. A record is of the oldest version that has all that is in it: those of a state
without trusted sessions are of 3.
"""
USUAL_FORMAT = 3
"""Version of a record that needs no newer one."""

_MAGIC = b"HCDV"
_SEAL = struct.Struct("<4sI")  # magic and checksum
_FRAME = struct.Struct("<BcHI")  # format version, kind, number of arrays, start of the data
_FRAMED = _SEAL.size + _FRAME.size
_ALIGNMENT = 8
_CODES = {
    name: code
    for code, name in enumerate(
        ["|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f4", "<f8"]
    )
}
_DTYPES = [np.dtype(name) for name in _CODES]
_Entry = tuple[str, np.dtype[np.generic], int, tuple[int, ...], int]
"""Of an array: name, type, number of elements, shape, where it begins in the data."""
_SHAPES = [struct.Struct(f"<{dimensions}I") for dimensions in range(5)]


def pack(kind: bytes, arrays: Mapping[str, Array], version: int | None = None) -> bytes:
    """Encode named arrays as one record; ``kind`` is a byte that says what it describes.

    ``version`` is the oldest format that has such a record, by default the usual one.

    Names have up to 255 bytes, arrays up to four axes. Raises ValueError for any other array,
    among them arrays of objects.
    """
    directory, data, length = [], [], 0
    for name, array in arrays.items():
        code = _CODES.get(array.dtype.str)
        if code is None or array.ndim >= len(_SHAPES):
            raise ValueError(f"{name} cannot be stored: {array.dtype} with {array.ndim} axes")
        encoded = name.encode()
        directory.append(bytes((len(encoded), code, array.ndim)))
        directory.append(encoded)
        directory.append(_SHAPES[array.ndim].pack(*array.shape))
        raw = array.tobytes()
        data.append(raw)
        length += len(raw)
        if padding := -length % _ALIGNMENT:
            data.append(bytes(padding))
            length += padding
    table = b"".join(directory)
    start = _FRAMED + len(table)
    start += -start % _ALIGNMENT
    frame = _FRAME.pack(version or USUAL_FORMAT, kind, len(arrays), start)
    sealed = b"".join((frame, table.ljust(start - _FRAMED, b"\0"), *data))
    return _SEAL.pack(_MAGIC, zlib.crc32(sealed)) + sealed


def unpack(kind: bytes, record: bytes) -> dict[str, Array]:
    """Decode a record of that kind; the arrays are read-only.

    Raises StateError for foreign bytes, a newer format, another kind, or a damaged record.
    """
    count, start = _check(kind, record)
    arrays: dict[str, Array] = {}
    try:
        for name, dtype, size, shape, place in _directory(record[_FRAMED:start], count):
            array = np.frombuffer(record, dtype, size, start + place)
            arrays[name] = array if len(shape) == 1 else array.reshape(shape)
    except (ValueError, LookupError, struct.error) as error:
        raise StateError(f"a record has a directory that does not fit it: {REBUILD}") from error
    return arrays


def checksum_of(record: bytes) -> int:
    """Return the checksum that ``pack`` put into a record."""
    _, checksum = _SEAL.unpack_from(record)
    return int(checksum)


def format_of(record: bytes) -> int:
    """Return the version that a record was written with."""
    return record[_SEAL.size]


@lru_cache(maxsize=4096)  # most records of a state are laid out like many others
def _directory(table: bytes, count: int) -> tuple[_Entry, ...]:
    entries: list[_Entry] = []
    at = place = 0
    for _ in range(count):
        name_length, code, dimensions = table[at : at + 3]
        at += 3
        name = table[at : at + name_length].decode()
        at += name_length
        shape = _SHAPES[dimensions].unpack_from(table, at)
        at += 4 * dimensions
        dtype, size = _DTYPES[code], math.prod(shape)
        entries.append((name, dtype, size, shape, place))
        place += size * dtype.itemsize
        place += -place % _ALIGNMENT
    return tuple(entries)


def _check(kind: bytes, record: bytes) -> tuple[int, int]:
    """Return (number of arrays, start of the data)."""
    if len(record) < _FRAMED or not record.startswith(_MAGIC):
        raise StateError(f"a record was not written by hcdv-stream: {REBUILD}")
    _, checksum = _SEAL.unpack_from(record)
    version, found, count, start = _FRAME.unpack_from(record, _SEAL.size)
    if version > FORMAT:
        raise StateError(
            f"a record has format {version} and this version reads up to {FORMAT}: "
            f"install the newer hcdv-stream again, or {REBUILD}"
        )
    if zlib.crc32(memoryview(record)[_SEAL.size :]) != checksum:
        raise StateError(f"a record is damaged (its checksum does not fit): {REBUILD}")
    if found != kind:
        raise StateError(
            f"a record of kind {found.decode('latin-1')} lies where {kind.decode('latin-1')} "
            f"belongs: {REBUILD}"
        )
    return count, start


def strings(name: str, texts: Sequence[str]) -> dict[str, Array]:
    """Return texts as two arrays: all characters in UTF-8, and each text's length in characters.

    Lone surrogates, which JSON can express, survive.
    """
    encoded = "".join(texts).encode("utf-8", "surrogatepass")
    return {
        f"{name}.text": np.frombuffer(encoded, np.uint8),
        f"{name}.lengths": np.fromiter(map(len, texts), np.int32, len(texts)),
    }


def read_strings(name: str, arrays: Mapping[str, Array]) -> tuple[str, ...]:
    """Return the texts that ``strings`` encoded under that name.

    Raises KeyError where there are none, ValueError where characters and lengths do not fit.
    """
    text = arrays[f"{name}.text"].tobytes().decode("utf-8", "surrogatepass")
    lengths = arrays[f"{name}.lengths"].tolist()
    ends = [0, *accumulate(lengths)]
    if ends[-1] != len(text) or min(lengths, default=0) < 0:
        raise ValueError(f"{name} have {len(text)} characters instead of {ends[-1]}")
    return tuple([text[start:end] for start, end in pairwise(ends)])
