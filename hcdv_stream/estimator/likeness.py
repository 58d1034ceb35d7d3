"""Fingerprints of rows of a table: equal for the same row and label, whatever the table is."""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from hcdv_stream.bundle.fingerprints import digests, fingerprints
from hcdv_stream.estimator.tables import Table
from hcdv_stream.estimator.tabular import columns_of, is_frame
from hcdv_stream.valuation.tree.leaf import no_fingerprints


def fingerprints_of(table: Table, codes: npt.NDArray[np.int16]) -> npt.NDArray[np.uint64]:
    """Return (n, 2) for a table of n rows and their class indices.

    Arrays of numbers are compared as numbers, rows of a DataFrame and anything else by how they
    are written. 0 where a table's rows cannot be told.
    """
    labels = codes.tolist()
    if is_frame(table):
        rows = list(zip(*columns_of(table).values(), strict=True))
        return _written([repr([_plain(cell) for cell in row]) for row in rows], labels)
    if hasattr(table, "tocsr"):
        return _written(_sparse_rows(table.tocsr()), labels)
    try:
        numbers = np.asarray(table, np.float64)
    except (TypeError, ValueError):
        numbers = np.zeros(())
    if numbers.ndim >= 1 and len(numbers) == len(labels):
        return fingerprints(numbers.reshape(len(labels), -1), labels)
    if hasattr(table, "__len__") and len(table) == len(labels):
        return _written([repr(each) for each in table], labels)
    return no_fingerprints(len(labels))


def _sparse_rows(table: Any) -> list[str]:
    """Write the rows of a CSR matrix: where they are not 0, and what they are there."""
    table = table.copy()
    table.sum_duplicates()
    table.eliminate_zeros()
    ends = table.indptr.tolist()
    return [
        repr((table.indices[start:stop].tolist(), table.data[start:stop].tolist()))
        for start, stop in pairwise(ends)
    ]


def _plain(cell: Any) -> Any:
    """Return a number as a float, so that 1 and 1.0 are the same; anything else as it is."""
    return float(cell) + 0.0 if isinstance(cell, int | float | np.number) else cell


def _written(rows: list[str], labels: list[int]) -> npt.NDArray[np.uint64]:
    return digests(
        f"{label}:{row}".encode("utf-8", "surrogatepass")
        for row, label in zip(rows, labels, strict=True)
    )
