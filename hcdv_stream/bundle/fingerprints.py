"""Fingerprints of sessions: equal for equal features and label, in a model's eyes, and only then.

A fingerprint is a BLAKE2b digest of 16 bytes of the row that was validated and of the class. It
does not depend on the position in the log, as the last bits of an embedding do. Categories that
the bundle does not know are all alike to it, and so are their fingerprints.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt


def fingerprints(rows: npt.NDArray[np.float64], labels: Sequence[int]) -> npt.NDArray[np.uint64]:
    """Return (n, 2) for validated features (n, F) and class indices; none has 0 first."""
    count, width = rows.shape
    table = np.empty((count, width + 1), "<f8")
    np.add(rows, 0.0, out=table[:, :-1])  # -0.0 is 0.0
    table[np.isnan(table)] = np.nan  # and a gap has one pattern of bits
    table[:, -1] = labels
    data, step = table.tobytes(), table.strides[0]
    return digests(data[start : start + step] for start in range(0, len(data), step))


def digests(rows: Iterable[bytes]) -> npt.NDArray[np.uint64]:
    """Return (n, 2) for rows and labels that were written as bytes; none has 0 first."""
    joined = b"".join(blake2b(row, digest_size=16).digest() for row in rows)
    found = np.frombuffer(joined, "<u8").reshape(-1, 2).astype(np.uint64)
    found[found[:, 0] == 0, 0] = 1
    return found
