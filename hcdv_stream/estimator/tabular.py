"""What a table of features may be: an array, or a pandas DataFrame, which is never imported."""

from typing import Any

import numpy as np

from hcdv_stream.bundle.schema import Column, Columns


def is_frame(table: object) -> bool:
    """Say whether it is a DataFrame, by what it can do."""
    return hasattr(table, "columns") and hasattr(table, "iloc")


def columns_of(table: Any) -> Columns:
    """Return the columns of an array (n, width), named x0, x1, ..., or of a DataFrame, by name."""
    if is_frame(table):
        return {str(name): _column(table[name]) for name in table.columns}
    return {f"x{place}": column for place, column in enumerate(np.asarray(table).T)}


def samples_of(table: Any) -> int:
    """Return how many rows an array, a sparse matrix, a DataFrame or a sequence has."""
    return int(table.shape[0]) if hasattr(table, "shape") else len(table)


def take(table: Any, rows: Any) -> Any:
    """Return some rows of an array, a DataFrame or a sequence."""
    if is_frame(table):
        return table.iloc[rows]
    if isinstance(table, np.ndarray):
        return table[rows]
    return [table[row] for row in rows]


def _column(series: Any) -> Column:
    """Return numbers as they are and anything else as Python values, None for a gap."""
    if getattr(series.dtype, "kind", "O") in "iuf" and isinstance(series.dtype, np.dtype):
        numbers: Column = series.to_numpy()
        return numbers
    values: Column = series.astype(object).where(series.notna(), None).tolist()
    return values
