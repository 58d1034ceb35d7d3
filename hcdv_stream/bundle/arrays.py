"""Arrays out of files that somebody else may have made: every size is checked before it is used.

A zip archive of a few MiB can hold gigabytes, and an array's header can claim any shape. What is
declared is held against a bound, and what is there against what is declared.
"""

import io
import math
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

MOST_BYTES = 1 << 30
"""Most bytes of a file of arrays, packed or unpacked."""

_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # those that are unpacked piece by piece
_ENCRYPTED = 1

Kind = tuple[str, int]
"""An array's type, as numpy writes it, and its number of axes."""


def read_arrays(name: str, content: bytes, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """Return the arrays of an npz file; raises ValueError, which names file and array.

    Exactly the arrays of ``kinds`` must be there, each of its type.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            expected = sorted(f"{each}.npy" for each in kinds)
            if sorted(member.filename for member in members) != expected:
                raise ValueError(f"{name}: it holds other arrays than {', '.join(kinds)}")
            size = sum(member.file_size for member in members)
            if size > MOST_BYTES:
                raise ValueError(
                    f"{name}: it unpacks to {size >> 20} MiB, and at most {MOST_BYTES >> 20} "
                    "MiB are read"
                )
            return {
                each: _array(f"{name}: {each}", _unpacked(name, archive, f"{each}.npy"), kind)
                for each, kind in kinds.items()
            }
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise ValueError(f"{name}: it is no archive of arrays, or a damaged one") from error


def _unpacked(name: str, archive: zipfile.ZipFile, filename: str) -> bytes:
    member = archive.getinfo(filename)
    if member.compress_type not in _METHODS or member.flag_bits & _ENCRYPTED:
        raise ValueError(f"{name}: {filename} is packed or encrypted in a way that is not read")
    with archive.open(member) as stream:
        unpacked = stream.read(member.file_size + 1)
    if len(unpacked) != member.file_size:
        raise ValueError(f"{name}: {filename} has another size than it declares")
    return unpacked


def _array(place: str, content: bytes, kind: Kind) -> npt.NDArray[np.generic]:
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        shape, by_column, dtype = _HEADERS[version](stream)
    except (ValueError, KeyError, TypeError, SyntaxError, RecursionError) as error:
        raise ValueError(f"{place} have a header that cannot be read") from error
    wanted, axes = kind
    if dtype.str != wanted or len(shape) != axes or by_column:
        found = f"type {dtype.str} and {len(shape)} axes"
        raise ValueError(f"{place} must be of type {wanted} with {axes} axes, and are of {found}")
    size = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or size != len(content) - stream.tell():
        raise ValueError(f"{place} have the shape {shape}, which does not fit their size")
    return np.frombuffer(content, dtype, offset=stream.tell()).reshape(shape).copy()
