"""Tables as files, in and out: CSV, Parquet, NDJSON and Arrow, whole or in parts, made alike."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet

from hcdv_stream.offline.column_types import typed_column
from hcdv_stream.offline.csv_table import read_csv
from hcdv_stream.offline.json_table import read_json
from hcdv_stream.offline.pandas_index import without_index
from hcdv_stream.offline.table_error import TableError
from hcdv_stream.offline.table_parts import Part, parts_of
from hcdv_stream.runtime.atomic_files import written_whole

__all__ = ["FileTable", "TableError", "check_writable", "read_file", "read_table", "write_table"]

NESTED = "features"
"""A column of this name that holds objects or lists, as sessions on a topic do, is unpacked."""


@dataclass(frozen=True, slots=True)
class FileTable:
    """A file's table; ``notes`` say how it was understood, ``left_out`` columns are not in it."""

    table: pa.Table
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def read_table(path: Path, text: Collection[str] = ()) -> pa.Table:
    """Read a file's table as ``read_file`` does."""
    return read_file(path, text).table


def read_file(path: Path, text: Collection[str] = ()) -> FileTable:
    """Read a file into columns of numbers, booleans, text and times; NaN becomes null.

    ``path`` names a file, a directory of part files, or several by a pattern such as
    ``part-*.csv``. Endings say format and compression. ``text`` names columns that are kept as they
    are written, where others are read as what they look like. Raises TableError.
    """
    parts = parts_of(path)
    found = [_read_part(path, part, text) for part in parts]
    delimiter = found[0].delimiter
    notes = [note for each in found for note in each.notes]
    try:
        table = pa.concat_tables([each.table for each in found], promote_options="permissive")
    except pa.ArrowException as error:
        raise TableError(
            f"{path}: its files hold a column of one name as different types; convert one"
        ) from error
    if not len(table):
        raise TableError(f"{path}: there are no rows")
    columns: dict[str, pa.ChunkedArray] = {}
    for name in table.column_names:
        plain = _plain(table[name])
        if name not in text and _is_text(plain.type):
            typed = typed_column(plain, delimiter)
            plain = typed.column
            notes += [] if typed.note is None else [f"column {name!r}: {typed.note}"]
        columns[name] = plain
    left_out = tuple(name for each in found for name in each.left_out)
    return FileTable(pa.table(columns), tuple(dict.fromkeys(notes)), tuple(dict.fromkeys(left_out)))


@dataclass(frozen=True, slots=True)
class _PartTable:
    table: pa.Table
    delimiter: str | None = None
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def _read_part(whole: Path, part: Part, text: Collection[str]) -> _PartTable:
    readers: Mapping[str, Callable[[Path, Collection[str]], _PartTable]] = {
        "csv": lambda path, _: _of_csv(path),
        "parquet": _of_parquet,
        "json": lambda path, text: _PartTable(_unpacked(read_json(path, text))),
        "arrow": lambda path, _: _PartTable(_unpacked(pyarrow.feather.read_table(path))),
    }
    try:
        found = readers[part.format](part.path, text)
    except (OSError, pa.ArrowException, UnicodeError) as error:
        raise TableError(
            f"{part.path} cannot be read as {part.format}: it is damaged, or of another format "
            "than its name says; write it again, or rename it"
        ) from error
    table, names = found.table, found.table.column_names
    _check_names(part.path, names)
    for name, value in part.keys.items():
        if name not in names:
            table = table.append_column(name, pa.array([value] * len(table), pa.string()))
    return _PartTable(table, found.delimiter, found.notes, found.left_out)


def _check_names(path: Path, names: Sequence[str]) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise TableError(
            f"{path}: two columns have one name, {', '.join(map(repr, twice))}; rename one"
        )


def _of_csv(path: Path) -> _PartTable:
    table, delimiter, notes = read_csv(path)
    return _PartTable(table, delimiter, notes)


def _of_parquet(path: Path, text: Collection[str]) -> _PartTable:
    # A file object, so that a directory's name is not taken for a key and compression is its own.
    with path.open("rb") as file:
        content = pyarrow.parquet.ParquetFile(file)
        _check_names(path, content.schema_arrow.names)
        table = content.read()
    table, left_out = without_index(table, text)
    notes = tuple(
        f"column {name!r}: is the index that pandas wrote, left out; give it a role to use it"
        for name in left_out
    )
    return _PartTable(_unpacked(table), None, notes, left_out)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def write_table(path: Path, table: pa.Table) -> None:
    """Write Parquet or CSV, as the name's ending says, whole or not at all; raises TableError."""
    writers = {".parquet": pyarrow.parquet.write_table, ".csv": pyarrow.csv.write_csv}
    check_writable(path, tuple(writers))
    try:
        with written_whole(path) as beside:
            writers[path.suffix.lower()](table, beside)
    except OSError as error:
        raise TableError(f"{path} cannot be written: {error.strerror or error}") from error


def check_writable(
    path: Path, endings: Sequence[str] = (".parquet",), read: Collection[Path | None] = ()
) -> None:
    """Raise TableError if ``write_table`` could not write or would replace what is ``read``.

    It is cheap, so ask before the work.
    """
    if path.resolve() in {each.resolve() for each in read if each is not None}:
        raise TableError(f"{path} is what is read, and would be replaced: write to another file")
    if path.suffix.lower() not in endings:
        raise TableError(f"{path}: the name must end in {' or '.join(endings)}")
    if not path.parent.is_dir():
        raise TableError(f"{path}: make the folder {path.parent} first")


def _unpacked(table: pa.Table) -> pa.Table:
    """Replace a column of objects called ``features`` by its entries, named 0, 1, ... in lists."""
    if NESTED not in table.column_names:
        return table
    column = table[NESTED].combine_chunks()
    if pa.types.is_struct(column.type):
        fields = {field.name: column.field(field.name) for field in column.type}
    elif pa.types.is_list(column.type) or pa.types.is_fixed_size_list(column.type):
        lengths = pc.unique(pc.list_value_length(column)).to_pylist()
        if len(lengths) != 1 or not lengths[0]:
            raise TableError(f"the lists in the column {NESTED!r} must all be equally long")
        fields = {str(place): pc.list_element(column, place) for place in range(lengths[0])}
    else:
        return table
    columns: dict[str, Any] = {}
    for name in table.column_names:
        columns |= fields if name == NESTED else {name: table[name]}
    if len(columns) < len(fields) + len(table.column_names) - 1:
        raise TableError(f"a feature in {NESTED!r} has the name of another column; rename one")
    return pa.table(columns)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Undo dictionaries, make decimals floats, and NaN null; one type of text, one of floats."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    column = _string_views(column)
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    if pa.types.is_floating(column.type):
        column = column.cast(pa.float64())
        column = pc.if_else(pc.is_nan(column), None, column)
    return column


def _string_views(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kinds = (pa.types.is_large_string, pa.types.is_string_view)
    return column.cast(pa.string()) if any(each(column.type) for each in kinds) else column
