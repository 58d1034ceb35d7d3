"""A file of JSON objects, one a line, or all in one array."""

import io
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.json

from hcdv_stream.bundle.normalisation.columns import normalised_column
from hcdv_stream.offline.csv_format import encoding_of, opened
from hcdv_stream.offline.table_error import TableError

_BLOCK = 16 << 20


def read_json(path: Path, text: Collection[str] = ()) -> pa.Table:
    """Read objects into columns; ``text`` names those in which text that is a date stays text.

    Arrow reads columns of one type. Where a column mixes types, or the file is one array, Python
    reads it. Raises TableError and OSError.
    """
    try:
        table = _by_arrow(path, None)
        moments = [
            name
            for name in table.column_names
            if pa.types.is_timestamp(table.schema.field(name).type)
        ]
        as_text = [(name, pa.string()) for name in moments if name in text]
        return _by_arrow(path, pa.schema(as_text)) if as_text else table
    except pa.ArrowException:
        return _by_python(path)


def _by_arrow(path: Path, schema: pa.Schema | None) -> pa.Table:
    with opened(path) as file:
        return pyarrow.json.read_json(
            file,
            read_options=pyarrow.json.ReadOptions(block_size=_BLOCK),
            parse_options=pyarrow.json.ParseOptions(explicit_schema=schema),
        )


def _by_python(path: Path) -> pa.Table:
    with opened(path) as file:
        content = file.read()
    text = content.decode(encoding_of(content)).removeprefix("\ufeff")
    rows = _array(path, text) if text.lstrip().startswith("[") else list(_lines(path, text))
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: _column(path, name, [row.get(name) for row in rows]) for name in names})


def _array(path: Path, text: str) -> list[dict[str, Any]]:
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TableError(
            f"{path} cannot be read as json: its array is not JSON; mend it"
        ) from error
    odd = next((place for place, row in enumerate(rows) if not isinstance(row, dict)), None)
    if odd is not None:
        raise TableError(f"{path}: entry {odd} of its array is no object; make it one")
    return list(rows)


def _lines(path: Path, text: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(io.StringIO(text), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            shown = line.strip()
            shown = shown if len(shown) <= 64 else f"{shown[:63]}…"
            raise TableError(
                f"{path} cannot be read as json: line {number} is no JSON object, {shown!r}; "
                "write one object a line"
            )
        yield row


def _column(path: Path, name: str, values: list[Any]) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError):
        pass
    try:
        return pa.array(normalised_column(values))
    except (pa.ArrowException, OverflowError) as error:
        raise TableError(
            f"{path}: the column {name!r} mixes objects or lists with other values; make it of one "
            "type"
        ) from error
