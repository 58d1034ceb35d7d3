"""Tables as files, in and out: CSV, Parquet and NDJSON, made alike."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet

from hcdv_stream.errors import HcdvError
from hcdv_stream.runtime.atomic_files import written_whole

GAPS = ("", "?", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "Null", "null", "None", "#N/A")
"""What a CSV file may hold in place of a value; columns kept as text have only the first."""
NESTED = "features"
"""A column of this name that holds objects or lists, as sessions on a topic do, is unpacked."""

_DELIMITERS = ",;\t|"
_JSON_BLOCK = 16 << 20


class TableError(HcdvError):
    """A file that cannot be read as examples, or not be written: one sentence with the fix."""


def read_table(path: Path, text: Collection[str] = ()) -> pa.Table:
    """Read a file into columns of numbers, booleans, text and times; NaN becomes null.

    The name's ending says the format. ``text`` names columns of a CSV file that are kept as they
    are written, where others are read as what they look like. Raises TableError.
    """
    readers: Mapping[str, Callable[[Path, Collection[str]], pa.Table]] = {
        **dict.fromkeys((".csv", ".tsv"), _read_csv),
        **dict.fromkeys((".parquet", ".pq"), lambda path, _: pyarrow.parquet.read_table(path)),
        **dict.fromkeys((".ndjson", ".jsonl"), lambda path, _: _read_ndjson(path)),
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise TableError(f"{path}: the name must end in one of {', '.join(readers)}")
    try:
        table = reader(path, text)
    except FileNotFoundError as error:
        raise TableError(f"{path}: there is no such file") from error
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TableError(f"{path} cannot be read as {path.suffix[1:]}: {first}") from error
    if len(set(table.column_names)) < len(table.column_names):
        raise TableError(f"{path}: two columns have one name; rename one")
    if not len(table):
        raise TableError(f"{path}: there are no rows")
    table = _unpacked(table)
    return pa.table({n: _plain(table[n]) for n in table.column_names})


def write_table(path: Path, table: pa.Table) -> None:
    """Write Parquet or CSV, as the name's ending says, whole or not at all; raises TableError."""
    writers = {".parquet": pyarrow.parquet.write_table, ".csv": pyarrow.csv.write_csv}
    check_writable(path, tuple(writers))
    try:
        with written_whole(path) as beside:
            writers[path.suffix.lower()](table, beside)
    except OSError as error:
        raise TableError(f"{path} cannot be written: {error.strerror or error}") from error


def check_writable(path: Path, endings: Sequence[str] = (".parquet",)) -> None:
    """Raise TableError where ``write_table`` could not write; cheap, so ask before the work."""
    if path.suffix.lower() not in endings:
        raise TableError(f"{path}: the name must end in {' or '.join(endings)}")
    if not path.parent.is_dir():
        raise TableError(f"{path}: make the folder {path.parent} first")


def _read_csv(path: Path, text: Collection[str]) -> pa.Table:
    with path.open(encoding="utf-8-sig") as file:
        header = file.readline()
    delimiter = max(_DELIMITERS, key=header.count)
    parse = pyarrow.csv.ParseOptions(delimiter=delimiter)
    table = pyarrow.csv.read_csv(
        path,
        parse_options=parse,
        convert_options=pyarrow.csv.ConvertOptions(null_values=GAPS, strings_can_be_null=True),
    )
    verbatim = [name for name in text if name in table.column_names]
    if verbatim:
        as_text = pyarrow.csv.ConvertOptions(
            include_columns=verbatim,
            column_types=dict.fromkeys(verbatim, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
        )
        kept = pyarrow.csv.read_csv(path, parse_options=parse, convert_options=as_text)
        for name in verbatim:
            table = table.set_column(table.column_names.index(name), name, kept[name])
    columns = [
        column if name in verbatim else _trimmed(column)
        for name, column in zip(table.column_names, table.columns, strict=True)
    ]
    return pa.Table.from_arrays(columns, names=table.column_names)


def _trimmed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Cut the spaces around text, and see whether a gap is left."""
    if not pa.types.is_string(column.type):
        return column
    trimmed = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.is_in(trimmed, pa.array(GAPS)), None, trimmed)


def _read_ndjson(path: Path) -> pa.Table:
    return pyarrow.json.read_json(
        path, read_options=pyarrow.json.ReadOptions(block_size=_JSON_BLOCK)
    )


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
    """Undo dictionaries, make decimals floats, and NaN null."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    if pa.types.is_floating(column.type):
        column = column.cast(pa.float64())
        column = pc.if_else(pc.is_nan(column), None, column)
    return column
