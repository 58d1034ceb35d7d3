"""The index of a DataFrame, which pandas writes into a Parquet file beside the columns."""

import json
from collections.abc import Collection

import pyarrow as pa


def without_index(table: pa.Table, kept: Collection[str]) -> tuple[pa.Table, tuple[str, ...]]:
    """Return the table without the columns of an index, and their names.

    An index that has a name stays if it is ``kept``: it has a role.
    """
    try:
        metadata = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))
        named = [name for name in metadata.get("index_columns", []) if isinstance(name, str)]
    except (ValueError, AttributeError):
        return table, ()
    index = tuple(name for name in named if name in table.column_names and name not in kept)
    return (table.drop_columns(list(index)) if index else table), index
