"""Records: named arrays as bytes, with a version and a checksum, never pickle.

A record is a frame of 16 bytes (magic, CRC-32 of all that follows, format version, kind, number of
arrays, start of the data), a directory (name, dtype, shape of each array) and the arrays' bytes,
little-endian and aligned to 8. Decoded arrays are read-only views of the record: no copy.
"""

import math
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt

from hcdv_stream.state.errors import REBUILD, StateError

Array = npt.NDArray[np.generic]

FORMAT = 5
"""Version of records and layout; a reader refuses a newer one. Since 2, a centroid that moved alone
has a record of its own. Since 3, the header holds the inventory of the state, and the state says
which log it is computed from. Since 4, an example has its place in the log and says if it is a
copy, a leaf may hold trusted sessions, and the state says how V has moved. Since 5, an example has
its doubt."""

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


def pack(kind: bytes, arrays: Mapping[str, Array]) -> bytes:
    """Encode named arrays as one record; ``kind`` is a byte that says what it describes.

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
    frame = _FRAME.pack(FORMAT, kind, len(arrays), start)
    sealed = b"".join((frame, table.ljust(start - _FRAMED, b"\0"), *data))
    return _SEAL.pack(_MAGIC, zlib.crc32(sealed)) + sealed


def unpack(kind: bytes, record: bytes) -> dict[str, Array]:
    """Decode a record of that kind; the arrays are read-only.

    Raises StateError for foreign bytes, a newer format, another kind, or a damaged record.
    """
    count, start = _check(kind, record)
    arrays: dict[str, Array] = {}
    try:
        for name, dtype, size, shape, place in _directory(kind, record[_FRAMED:start], count):
            array = np.frombuffer(record, dtype, size, start + place)
            arrays[name] = array if len(shape) == 1 else array.reshape(shape)
    except (ValueError, LookupError, OverflowError, struct.error) as error:
        raise StateError(f"a record has a directory that does not fit it: {REBUILD}") from error
    return arrays


def checksum_of(record: bytes) -> int:
    """Return the checksum that ``pack`` put into a record."""
    _, checksum = _SEAL.unpack_from(record)
    return int(checksum)


def format_of(record: bytes) -> int:
    """Return the version that a record was written with."""
    return record[_SEAL.size]


class _RecordLayout:
    """The directories of a kind of records, apart from the shapes: names, types, numbers of axes.

    It is taken from one record and fits nearly all others of that kind, while few of them have the
    same shapes: those depend on how long the ids of a leaf are in all.
    """

    def __init__(self, table: bytes, count: int) -> None:
        arrays, heads, shapes, at = [], ["<"], ["<"], 0
        for _ in range(count):
            name_length, code, axes = table[at : at + 3]
            if axes >= len(_SHAPES):
                raise ValueError(f"an array has {axes} axes")
            head = 3 + name_length
            arrays.append((table[at + 3 : at + head].decode(), _DTYPES[code], axes))
            heads.append(f"{head}s{4 * axes}x")
            shapes.append(f"{head}x{axes}I")
            at += head + 4 * axes
        self._count = count
        self._arrays = tuple(arrays)
        self._heads, self._shapes = struct.Struct("".join(heads)), struct.Struct("".join(shapes))
        self._expected = self._heads.unpack_from(table)

    def fits(self, table: bytes, count: int) -> bool:
        """Whether a directory differs from the one that this was taken from in shapes alone."""
        return (
            count == self._count
            and len(table) >= self._heads.size
            and self._heads.unpack_from(table) == self._expected
        )

    def entries(self, table: bytes) -> Iterator[_Entry]:
        """Yield what a directory that fits says of each array."""
        lengths = self._shapes.unpack_from(table)
        axis = place = 0
        for name, dtype, axes in self._arrays:
            shape = lengths[axis : axis + axes]
            size = math.prod(shape)
            yield name, dtype, size, shape, place
            axis += axes
            place += size * dtype.itemsize
            place += -place % _ALIGNMENT


_layouts: dict[bytes, _RecordLayout] = {}
"""The newest layout of each kind of records: no more of them than there are kinds."""


def _directory(kind: bytes, table: bytes, count: int) -> Iterator[_Entry]:
    layout = _layouts.get(kind)
    if layout is None or not layout.fits(table, count):
        layout = _layouts[kind] = _RecordLayout(table, count)
    return layout.entries(table)


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
