"""A table's labelled rows as the valuation takes them, and the role of each column.

A column has a role (label, id, time, provider) or is a feature.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hcdv_stream.bundle.errors import LabelError
from hcdv_stream.bundle.labels import label_text
from hcdv_stream.bundle.normalisation.gaps import is_gap
from hcdv_stream.bundle.normalisation.providers import provider_of
from hcdv_stream.bundle.normalisation.spelling import number_text, plain
from hcdv_stream.bundle.normalisation.times import KINDS, NoTimeError, Unit, time_of, times_of
from hcdv_stream.offline.leaks import leak_notes
from hcdv_stream.offline.tables import FileTable, TableError, read_file


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
    rows that were left out because they have no label. ``notes`` are sentences about how the table
    was understood.
    """

    ids: list[str]
    labels: list[str]
    providers: list[str | None]
    timestamps: npt.NDArray[np.float64]
    columns: Mapping[str, list[Any]]
    unlabelled: int = 0
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: npt.NDArray[np.int64]) -> "Examples":
        """Return those rows, in that order."""
        places = rows.tolist()

        def pick(values: list[Any]) -> list[Any]:
            return [values[place] for place in places]

        columns = {name: pick(values) for name, values in self.columns.items()}
        return Examples(
            *(pick(self.ids), pick(self.labels), pick(self.providers), self.timestamps[rows]),
            columns,
            notes=self.notes,
        )

    @classmethod
    def of(cls, read: pa.Table | FileTable, roles: Roles, drop: Collection[str] = ()) -> "Examples":
        """Take a table's rows apart; ``drop`` names columns that are to be ignored.

        Raises TableError.
        """
        file = read if isinstance(read, FileTable) else FileTable(read)
        table = file.table
        roles.check(table.column_names)
        for name in drop:
            known = name in table.column_names or name in file.left_out
            if not known or name in roles.columns:
                raise TableError(f"--drop {name}: there is no such feature")
        ids = _ids(table, roles)
        labels, kept = _labels(table[roles.label], roles.label)
        times = np.zeros(len(table))
        notes = file.notes + _label_note(table[roles.label], roles.label)
        if roles.time is not None:
            times, units = _seconds(table, roles.time)
            notes += _time_note(units, roles.time)
        providers: list[str | None] = [None] * len(table)
        if roles.provider is not None:
            providers = _providers(table[roles.provider], roles.provider)
        ignored = {*roles.columns, *drop}
        columns = {n: _values(table[n], n) for n in table.column_names if n not in ignored}
        whole = cls(ids, labels, providers, times, columns, notes=notes)
        if len(kept) == len(table):
            return whole
        part = whole.take(kept)
        return cls(
            *(part.ids, part.labels, part.providers, part.timestamps, part.columns),
            unlabelled=len(table) - len(kept),
            notes=notes,
        )


def read_examples(path: Path, roles: Roles, drop: Collection[str] = ()) -> Examples:
    """Read a file's labelled rows; raises TableError."""
    examples = Examples.of(read_file(path, roles.columns), roles, drop)
    leaks = leak_notes(examples.columns, examples.labels)
    return replace(examples, notes=examples.notes + leaks)


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


def _id_text(value: object) -> str | None:
    """Return an id: text as it is written, 7 and 7.0 as ``7``."""
    found = value if isinstance(value, str) else plain(value)
    if isinstance(found, float) and np.isfinite(found):
        return number_text(found)
    return None if found is None else str(found)


def _providers(column: pa.ChunkedArray, name: str) -> list[str | None]:
    try:
        return [provider_of(value) for value in column.to_pylist()]
    except ValueError as error:
        raise TableError(
            f"the column {name!r} cannot be the provider, whose name is text: {error}; name "
            "another --provider"
        ) from error


def _ids(table: pa.Table, roles: Roles) -> list[str]:
    if roles.id is None:
        return [f"row-{row:08d}" for row in range(len(table))]
    ids = [_id_text(value) for value in table[roles.id].to_pylist()]
    missing = next((row for row, name in enumerate(ids) if not name), None)
    if missing is not None:
        raise TableError(f"row {missing}: the column {roles.id!r} holds no id; fill it")
    return [name for name in ids if name]


def _labels(column: pa.ChunkedArray, name: str) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Return the labels, with "" for none, and the rows that have one."""
    try:
        labels = ["" if is_gap(value) else label_text(value) for value in column.to_pylist()]
    except LabelError as error:
        raise TableError(f"the column {name!r} cannot be the label: {error}") from error
    return labels, np.flatnonzero([label != "" for label in labels])


def _label_note(column: pa.ChunkedArray, name: str) -> tuple[str, ...]:
    """Say which spellings of a boolean the label has, if that is not 0 and 1."""
    spellings = {value for value in column.unique().to_pylist() if not is_gap(value)}
    spelt = {
        class_name: sorted({str(each) for each in spellings if _class(each) == class_name})
        for class_name in ("0", "1")
    }
    odd = [f"{', '.join(each)} as {name}" for name, each in spelt.items() if set(each) - {name}]
    return (f"label {name!r}: reads {' and '.join(odd)}",) if odd else ()


def _class(value: object) -> str:
    try:
        return label_text(value)
    except LabelError:
        return ""


def _time_note(units: Mapping[Unit, int], name: str) -> tuple[str, ...]:
    """Say what the times were taken for, if that is not plain."""
    if set(units) <= {"seconds", "date and time"}:
        return ()
    counted = " and ".join(f"{count:,} values as {unit}" for unit, count in units.items())
    return (f"time {name!r}: reads {counted}",)


def _seconds(table: pa.Table, name: str) -> tuple[npt.NDArray[np.float64], Mapping[Unit, int]]:
    column = table[name]
    kind = column.type
    if pa.types.is_timestamp(kind):
        ticks = column.fill_null(0).cast(pa.int64()).to_numpy()
        missing = column.null_count
        seconds: npt.NDArray[np.float64] = _of_ticks(ticks, kind.unit)
        units: Mapping[Unit, int] = {"date and time": len(table)}
    else:
        values = column.to_pylist()
        missing = sum(map(is_gap, values))
    if missing:
        raise TableError(
            f"the column {name!r} has {missing} rows without a time; fill them, or leave out --time"
        )
    if pa.types.is_timestamp(kind):
        return seconds, units
    try:
        if pa.types.is_integer(kind) or pa.types.is_floating(kind):
            return times_of(column.to_numpy())
        found = [time_of(value) for value in values]
    except NoTimeError as error:
        raise TableError(f"the column {name!r} must hold times, {KINDS}; {error}") from error
    return np.array([each for each, _ in found]), Counter(unit for _, unit in found)


def _of_ticks(ticks: npt.NDArray[np.int64], unit: str) -> npt.NDArray[np.float64]:
    if unit == "ns":
        ticks, unit = ticks // 1000, "us"
    return ticks / {"s": 1.0, "ms": 1e3, "us": 1e6}[unit]
