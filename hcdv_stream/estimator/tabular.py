"""What a table of features may be: an array, a list of dicts, or a DataFrame of pandas.

A polars DataFrame is taken for its columns. Neither library is imported.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hcdv_stream.bundle.schema import Column, Columns


class Records:
    """A table by column, with what is asked of a DataFrame here: rows, columns and their names."""

    def __init__(self, columns: Columns, rows: int) -> None:
        self._columns = columns
        self.shape = (rows, len(columns))

    @classmethod
    def of(cls, rows: Sequence[Mapping[Any, Any]]) -> "Records":
        """Turn dicts into columns; what a row does not have is a gap."""
        names = dict.fromkeys(name for row in rows for name in row)
        columns = {str(name): [row.get(name) for row in rows] for name in names}
        return cls(columns, len(rows))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, name: str) -> Column:
        return self._columns[name]

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self._columns)

    @property
    def dtypes(self) -> list[str]:
        """Nothing that forbids numbers: each entry is looked at."""
        return ["object"] * self.shape[1]

    @property
    def iloc(self) -> "_Rows":
        """Rows by their places."""
        return _Rows(self)

    def taken(self, rows: Any) -> "Records":
        """Return some rows."""
        places = np.arange(len(self))[rows].tolist()
        columns = {
            name: [column[place] for place in places] for name, column in self._columns.items()
        }
        return Records(columns, len(places))

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        table = np.empty(self.shape, object)
        for place, column in enumerate(self._columns.values()):
            table[:, place] = column
        return table if dtype is None else table.astype(dtype)


class _Rows:
    def __init__(self, table: Records) -> None:
        self._table = table

    def __getitem__(self, rows: Any) -> Records:
        return self._table.taken(rows)


def framed(table: Any) -> Any:
    """Return a list of dicts or a polars DataFrame as Records, and anything else as it is."""
    if isinstance(table, list | tuple) and len(table) and isinstance(table[0], Mapping):
        odd = [row for row, each in enumerate(table) if not isinstance(each, Mapping)]
        return table if odd else Records.of(table)
    if hasattr(table, "get_columns") and not hasattr(table, "iloc"):
        columns = {str(each.name): each.to_list() for each in table.get_columns()}
        return Records(columns, len(table))
    return table


def is_frame(table: object) -> bool:
    """Say whether it is a DataFrame, by what it can do."""
    return isinstance(table, Records) or (hasattr(table, "columns") and hasattr(table, "iloc"))


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
    if isinstance(series, list):
        return series
    if getattr(series.dtype, "kind", "O") in "iuf" and isinstance(series.dtype, np.dtype):
        numbers: Column = series.to_numpy()
        return numbers
    values: Column = series.astype(object).where(series.notna(), None).tolist()
    return values
