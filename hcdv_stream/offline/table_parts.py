"""Which files a path names: one, those of a directory, or those that a pattern matches."""

import glob
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from hcdv_stream.offline.table_error import TableError

Format = Literal["csv", "parquet", "json", "arrow"]

FORMATS: Mapping[str, Format] = {
    **dict.fromkeys((".csv", ".tsv"), "csv"),
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".ndjson", ".jsonl", ".json"), "json"),
    **dict.fromkeys((".arrow", ".feather"), "arrow"),
}
"""What the ending of a name says."""
COMPRESSED = (".gz", ".bz2", ".zst", ".lz4")
"""Endings that may follow those of CSV and JSON."""

_NULL_KEY = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True, slots=True)
class Part:
    """One file. ``keys`` are the columns that directories named ``key=value`` stand for."""

    path: Path
    format: Format
    keys: Mapping[str, str | None] = field(default_factory=dict)


def parts_of(path: Path) -> list[Part]:
    """Return the files of a path in the order of their names, at least one; raises TableError."""
    if path.is_dir():
        return _alike(path, list(_within(path)))
    if path.exists():
        found = format_of(path)
        if found is None:
            raise TableError(f"{path}: the name must end in one of {_endings()}")
        return [Part(path, found)]
    if glob.has_magic(str(path)):
        root = Path(path.anchor)
        matched = sorted(root.glob(str(path.relative_to(root))))
        parts = [
            part
            for each in matched
            for part in (_within(each) if each.is_dir() else _single(each, each.parent))
        ]
        if not matched:
            raise TableError(f"{path}: no file matches")
        return _alike(path, parts)
    if format_of(path) is None:
        raise TableError(f"{path}: the name must end in one of {_endings()}")
    raise TableError(f"{path}: there is no such file")


def format_of(path: Path) -> Format | None:
    """Return the format that a name's ending says, or None."""
    endings = [ending.lower() for ending in path.suffixes]
    compressed = bool(endings) and endings[-1] in COMPRESSED
    ending = "".join(endings[-2:-1] if compressed else endings[-1:])
    found = FORMATS.get(ending)
    return None if compressed and found in ("parquet", "arrow") else found


def _within(directory: Path) -> Iterator[Part]:
    for path in sorted(directory.rglob("*")):
        hidden = any(name[0] in "._" for name in path.relative_to(directory).parts)
        if path.is_file() and not hidden:
            yield from _single(path, directory)


def _single(path: Path, root: Path) -> Iterator[Part]:
    found = format_of(path)
    if found is not None:
        keys = [name.split("=", 1) for name in path.relative_to(root).parts[:-1] if "=" in name]
        yield Part(path, found, {key: _value(value) for key, value in keys})


def _value(text: str) -> str | None:
    return None if text == _NULL_KEY else unquote(text)


def _alike(path: Path, parts: list[Part]) -> list[Part]:
    if not parts:
        raise TableError(f"{path}: no file in it has a name that ends in one of {_endings()}")
    formats = sorted({part.format for part in parts})
    if len(formats) > 1:
        raise TableError(
            f"{path}: its files are of the formats {' and '.join(formats)}; name one by a pattern, "
            f"such as {path / '*.csv' if path.is_dir() else '*.csv'}"
        )
    return parts


def _endings() -> str:
    return f"{', '.join(FORMATS)}, those of text with {', '.join(COMPRESSED)} too"
