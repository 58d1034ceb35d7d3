"""A CSV file as columns of text, whoever wrote it."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from hcdv_stream.offline.csv_format import CsvFormat, csv_format, opened
from hcdv_stream.offline.table_error import TableError

_NAMELESS = re.compile(r"|Unnamed: [0-9]+")
"""The name of a column that has none; pandas reads and writes the second."""
_BLOCK = 4 << 20


def read_csv(path: Path) -> tuple[pa.Table, str, tuple[str, ...]]:
    """Return the columns as text, the delimiter, and notes; raises TableError and OSError.

    Columns without a name are left out with a note.
    """
    try:
        form = csv_format(path)
    except ValueError:
        raise TableError(f"{path}: there are no rows") from None
    try:
        table = _read(path, form)
    except (UnicodeDecodeError, pa.ArrowInvalid) as error:
        if form.encoding != "utf-8" or "UTF8" not in str(error).replace("-", "").upper():
            raise
        form = csv_format(path, "cp1252")
        try:
            table = _read(path, form)
        except UnicodeDecodeError:
            form = replace(form, encoding="latin-1")
            table = _read(path, form)
    notes = (
        () if form.encoding.startswith("utf") else (f"text: not UTF-8, read as {form.encoding}",)
    )
    named, left_out = _named(path, table, form.names)
    return named, form.delimiter, notes + left_out


def _read(path: Path, form: CsvFormat) -> pa.Table:
    odd: list[Any] = []

    def refuse(row: Any) -> str:
        odd.append(row)
        return "error"

    places = [str(place) for place in range(len(form.names))]
    try:
        with opened(path) as file:
            return pyarrow.csv.read_csv(
                file,
                read_options=pyarrow.csv.ReadOptions(
                    encoding="utf8" if form.encoding.startswith("utf-8") else form.encoding,
                    column_names=places,
                    skip_rows=form.skipped,
                    block_size=_BLOCK,
                ),
                parse_options=pyarrow.csv.ParseOptions(
                    delimiter=form.delimiter, newlines_in_values=True, invalid_row_handler=refuse
                ),
                convert_options=pyarrow.csv.ConvertOptions(
                    column_types=dict.fromkeys(places, pa.string()),
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            )
    except pa.ArrowInvalid as error:
        if odd:
            row = odd[0]
            text = row.text if len(row.text) <= 64 else f"{row.text[:63]}…"
            raise TableError(
                f"{path}: the row {text!r} has {row.actual_columns} fields where the header has "
                f"{len(places)}; mend it, or quote the fields that hold {form.delimiter!r}"
            ) from error
        if "Empty CSV" in str(error):
            raise TableError(f"{path}: there are no rows") from error
        raise


def _named(path: Path, table: pa.Table, names: tuple[str, ...]) -> tuple[pa.Table, tuple[str, ...]]:
    notes, kept = [], []
    for place, name in enumerate(names):
        if not _NAMELESS.fullmatch(name):
            kept.append(place)
        elif table[place].null_count == len(table):
            notes.append(f"column {place + 1}: has neither a name nor values, left out")
        else:
            what = ", as row numbers of a table library are" if place == 0 else ""
            notes.append(f"column {place + 1}: has no name{what}, left out; name it to use it")
    named = [names[place] for place in kept]
    if twice := sorted({name for name in named if named.count(name) > 1}):
        raise TableError(
            f"{path}: two columns have one name, {', '.join(map(repr, twice))}; rename one"
        )
    if not named:
        raise TableError(f"{path}: no column has a name; write a header")
    return pa.Table.from_arrays([table[place] for place in kept], names=named), tuple(notes)
