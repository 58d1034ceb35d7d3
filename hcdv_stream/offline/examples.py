"""A table's labelled rows as the valuation takes them, and the role of each column.

A column has a role (label, id, time, provider) or is a feature.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hcdv_stream.bundle.errors import LabelError
from hcdv_stream.bundle.labels import label_text
from hcdv_stream.offline.tables import TableError, read_table


@dataclass(frozen=True, slots=True)
class Roles:
    """Which columns are no features; a role of None is one that the table does not have."""

    label: str
    id: str | None = None
    time: str | None = None
    provider: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that have a role."""
        named = (self.label, self.id, self.time, self.provider)
        return tuple(name for name in named if name is not None)

    def check(self, names: Sequence[str]) -> None:
        """Raise TableError where a column is not among ``names`` or has two roles."""
        for role in ("label", "id", "time", "provider"):
            column = getattr(self, role)
            if column is not None and column not in names:
                raise TableError(
                    f"--{role} {column}: there is no such column; there are {', '.join(names)}"
                )
        if len(set(self.columns)) < len(self.columns):
            raise TableError(f"the roles {', '.join(self.columns)} need a column each")


@dataclass(frozen=True, slots=True)
class Examples:
    """n labelled rows of a table, in its order (not that of time).

    ``ids`` are the id column's texts, or ``row-00000000`` and so on; ``labels`` are spelt as
    ``label_text`` does; ``timestamps`` float64 (n,) are seconds since the epoch, zeros without a
    time column; ``columns`` are the features by name, None for a gap. ``unlabelled`` counts the
    rows that were left out because they have no label.
    """

    ids: list[str]
    labels: list[str]
    providers: list[str | None]
    timestamps: npt.NDArray[np.float64]
    columns: Mapping[str, list[Any]]
    unlabelled: int = 0

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: npt.NDArray[np.int64]) -> "Examples":
        """Return those rows, in that order."""
        places = rows.tolist()

        def pick(values: list[Any]) -> list[Any]:
            return [values[place] for place in places]

        columns = {name: pick(values) for name, values in self.columns.items()}
        return Examples(
            pick(self.ids), pick(self.labels), pick(self.providers), self.timestamps[rows], columns
        )

    @classmethod
    def of(cls, table: pa.Table, roles: Roles, drop: Collection[str] = ()) -> "Examples":
        """Take a table's rows apart; ``drop`` names columns that are to be ignored.

        Raises TableError.
        """
        roles.check(table.column_names)
        for name in drop:
            if name not in table.column_names or name in roles.columns:
                raise TableError(f"--drop {name}: there is no such feature")
        ids = _ids(table, roles)
        labels, kept = _labels(table[roles.label], roles.label)
        times = np.zeros(len(table)) if roles.time is None else _seconds(table, roles.time)
        providers: list[str | None] = [None] * len(table)
        if roles.provider is not None:
            providers = [_text(value) for value in table[roles.provider].to_pylist()]
        ignored = {*roles.columns, *drop}
        columns = {n: _values(table[n], n) for n in table.column_names if n not in ignored}
        whole = cls(ids, labels, providers, times, columns)
        if len(kept) == len(table):
            return whole
        part = whole.take(kept)
        return cls(
            *(part.ids, part.labels, part.providers, part.timestamps, part.columns),
            unlabelled=len(table) - len(kept),
        )


def read_examples(path: Path, roles: Roles, drop: Collection[str] = ()) -> Examples:
    """Read a file's labelled rows; raises TableError."""
    return Examples.of(read_table(path, roles.columns), roles, drop)


def _values(column: pa.ChunkedArray, name: str) -> list[Any]:
    """Return a feature as Python values."""
    kind = column.type
    known = (
        *(pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean),
        *(pa.types.is_string, pa.types.is_large_string, pa.types.is_null),
    )
    if not any(is_known(kind) for is_known in known):
        raise TableError(
            f"the column {name!r} holds {kind}, which is no feature; give it a role (--time, --id, "
            f"--provider) or leave it out with --drop {name}"
        )
    values: list[Any] = column.to_pylist()
    return values


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _ids(table: pa.Table, roles: Roles) -> list[str]:
    if roles.id is None:
        return [f"row-{row:08d}" for row in range(len(table))]
    ids = [_text(value) for value in table[roles.id].to_pylist()]
    missing = next((row for row, name in enumerate(ids) if not name), None)
    if missing is not None:
        raise TableError(f"row {missing}: the column {roles.id!r} holds no id; fill it")
    return [name for name in ids if name]


def _labels(column: pa.ChunkedArray, name: str) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Return the labels, with "" for none, and the rows that have one."""
    values = ["" if value is None else value for value in column.to_pylist()]
    try:
        labels = ["" if value == "" else label_text(value) for value in values]
    except LabelError as error:
        raise TableError(f"the column {name!r} cannot be the label: {error}") from error
    return labels, np.flatnonzero([label != "" for label in labels])


def _seconds(table: pa.Table, name: str) -> npt.NDArray[np.float64]:
    column = table[name]
    if column.null_count:
        raise TableError(f"the column {name!r} has {column.null_count} rows without a time")
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        seconds: npt.NDArray[np.float64] = column.cast(pa.float64()).to_numpy()
    elif pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        microseconds = column.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
        seconds = microseconds / 1e6
    elif pa.types.is_string(kind):
        seconds = np.array([_parsed(text, name) for text in column.to_pylist()])
    else:
        raise TableError(f"the column {name!r} holds {kind}, which is no time")
    return seconds


def _parsed(text: str, name: str) -> float:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        pass
    else:
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    try:
        return float(text)
    except ValueError as error:
        raise TableError(
            f"the column {name!r} holds {text[:64]!r}, which is no time; it must be a timestamp, "
            "an ISO 8601 text or seconds since the epoch"
        ) from error
