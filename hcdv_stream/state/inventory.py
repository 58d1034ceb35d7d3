"""Which records a state consists of, so that a missing, old or surplus one is noticed.

The header of each write holds, for leaves, nodes, centroids and providers, how many records there
are and the sum of their checksums. Whoever reads everything adds up what was found and compares.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from hcdv_stream.state.codec import checksum_of
from hcdv_stream.state.layout import CENTROIDS, LEAVES, NODES, PROVIDERS

INVENTORIED = (LEAVES, NODES, CENTROIDS, PROVIDERS)

Totals = npt.NDArray[np.int64]
"""(4, 2): of each family of INVENTORIED the number of records and the sum of their checksums."""


class Inventory:
    """Checksums of the records of a state by family and id; a change costs what it changes."""

    def __init__(self) -> None:
        self._checksums: dict[str, dict[int, int]] = {name: {} for name in INVENTORIED}
        self._sums = dict.fromkeys(INVENTORIED, 0)

    def put(self, family: str, identifier: int, record: bytes) -> None:
        """Note a record that was written, in place of the one that it may replace."""
        checksums, checksum = self._checksums[family], checksum_of(record)
        self._sums[family] += checksum - checksums.get(identifier, 0)
        checksums[identifier] = checksum

    def remove(self, family: str, identifiers: Iterable[int]) -> None:
        """Note records that were removed; those that are not there do not matter."""
        checksums = self._checksums[family]
        for identifier in identifiers:
            self._sums[family] -= checksums.pop(identifier, 0)

    @property
    def totals(self) -> Totals:
        """What the header keeps."""
        rows = [(len(self._checksums[name]), self._sums[name]) for name in INVENTORIED]
        return np.array(rows, np.int64)
