"""How a CSV file is written: its encoding, its delimiter, and the names of its columns."""

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

DELIMITERS = ",;\t|"
"""In the order of preference where a header has as many of two."""

_SAMPLE = 1 << 20
_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
"""The first line that Excel writes, to say the delimiter."""


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """``names`` are of the columns, "" for none; ``skipped`` lines come before the first record."""

    encoding: str
    delimiter: str
    names: tuple[str, ...]
    skipped: int


def opened(path: Path) -> pa.NativeFile:
    """Open a file's bytes; the name's ending says how they are compressed, if they are."""
    return pa.input_stream(str(path), compression="detect")


def encoding_of(sample: bytes, *, cut: bool = False) -> str:
    """Return the encoding of a text by its first bytes; ``cut`` says that more bytes follow.

    What is not UTF-8 is read as Windows-1252, or as Latin-1 where it holds a byte that has no
    meaning there.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if sample.startswith(mark):
            return encoding
    head = sample[:4096]
    if head[1::2].count(0) > len(head) // 8:
        return "utf-16-le"
    if head[::2].count(0) > len(head) // 8:
        return "utf-16-be"
    whole = sample[:-4] if cut else sample
    for encoding in ("utf-8", "cp1252"):
        try:
            whole.decode(encoding)
        except UnicodeDecodeError as error:
            if encoding == "utf-8" and cut and error.start >= len(whole) - 4:
                return encoding  # a character that the end of the sample cuts
            continue
        return encoding
    return "latin-1"


def csv_format(path: Path, encoding: str | None = None) -> CsvFormat:
    """See how a file is written by its first MiB; raises OSError, and ValueError without a header.

    ``encoding`` is one that is known already.
    """
    with opened(path) as file:
        sample = file.read(_SAMPLE)
    encoding = encoding or encoding_of(sample, cut=len(sample) == _SAMPLE)
    text = sample.decode(encoding, errors="replace").removeprefix("\ufeff")
    first, _, rest = text.partition("\n")
    said = _SEPARATOR_LINE.fullmatch(first.rstrip("\r"))
    body = rest if said else text
    found = {each: _first_records(body, each) for each in (said[1] if said else DELIMITERS)}
    delimiter = max(found, key=lambda each: len(found[each][0]))
    header, record, lines = found[delimiter]
    if not header:
        raise ValueError("there is no header")
    names = tuple(name.strip() for name in header)
    if len(record) == len(names) + 1:
        # Either every record ends in a delimiter, or R wrote row names without a name for them.
        names = (*names, "") if not record[-1].strip() else ("", *names)
    return CsvFormat(encoding, delimiter, names, lines + (said is not None))


def _first_records(text: str, delimiter: str) -> tuple[list[str], list[str], int]:
    """Return the header, the first record, and how many lines the header takes."""
    records = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header: list[str] = []
    lines = 0
    try:
        for record in records:
            if record and header:
                return header, record, lines
            if record:
                header, lines = record, records.line_num
    except csv.Error:
        pass  # a field of more than 128 KiB, which the reader of the whole file takes
    return header, [], lines
