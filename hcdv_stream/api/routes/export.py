"""``/v1/export``: every example, streamed: memory does not depend on how many there are."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from http import HTTPStatus
from typing import Annotated, Any, Literal

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from hcdv_stream.api.executors import run_heavy
from hcdv_stream.api.queries.rows import EXPORT_SCHEMA
from hcdv_stream.api.routes.dependencies import ContextNow
from hcdv_stream.api.routes.retry import RetryRoute
from hcdv_stream.api.sources.merged import MergedCorpus

router = APIRouter(tags=["export"], route_class=RetryRoute)

Format = Literal["ndjson", "csv", "arrow"]
Encoder = Callable[[pa.RecordBatch | None], bytes]
"""Turns a batch into bytes; None stands for the end."""

_FORMULA = r"^[=+\-@\t\r\n']"

_TYPES = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "arrow": "application/vnd.apache.arrow.stream",
}
_CONTENT: dict[str, Any] = {
    kind: {"schema": {"type": "string"} | ({"format": "binary"} if name == "arrow" else {})}
    for name, kind in _TYPES.items()
}


@router.get(
    "/v1/export",
    response_class=Response,
    responses={int(HTTPStatus.OK): {"content": _CONTENT, "description": "All examples."}},
)
async def export_examples(
    context: ContextNow,
    format: Annotated[
        Format, Query(description="ndjson, csv or an Arrow stream.", examples=["ndjson"])
    ] = "ndjson",
) -> Response:
    """Every example with its value, all as of one state, in no order of value.

    Rows come by partition, leaf and id as they are computed. A stream that ends early is cut off
    without its end, so that a part is not taken for the whole. In CSV, text that begins with one of
    = + - @ ' or with a tab or a line break has an apostrophe before it, which is to be taken off.
    """
    encoder = _ENCODERS[format]()
    rows = _encoded(context.corpus, encoder)
    name = f'attachment; filename="examples.{format}"'
    headers = context.headers | {"Content-Disposition": name}
    return StreamingResponse(rows, headers=headers, media_type=_TYPES[format])


async def _encoded(corpus: MergedCorpus, encode: Encoder) -> AsyncIterator[bytes]:
    async with aclosing(corpus.rows(every_column=True)) as batches:
        async for batch in batches:
            if data := await run_heavy(encode, batch):
                yield data
    if data := await run_heavy(encode, None):
        yield data


def _ndjson() -> Encoder:
    def encode(batch: pa.RecordBatch | None) -> bytes:
        rows: list[dict[str, object]] = batch.to_pylist() if batch else []
        return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)

    return encode


def _written(open_writer: Callable[[pa.PythonFile], Any]) -> Encoder:
    """Return what writes through a writer of pyarrow's, handing on what it has written."""
    sink = _Drained()
    writer = open_writer(pa.PythonFile(sink, "w"))

    def encode(batch: pa.RecordBatch | None) -> bytes:
        if batch is None:
            writer.close()
        else:
            writer.write_batch(batch)
        return sink.drain()

    return encode


def _defused(encode: Encoder) -> Encoder:
    """Have text that a spreadsheet would take for a formula begin with an apostrophe.

    So does text that begins with one, so that taking one off gives what was there.
    """

    def defuse(column: pa.Array) -> pa.Array:
        if not pa.types.is_string(column.type):
            return column
        marked = pc.binary_join_element_wise("'", column, "")
        return pc.if_else(pc.match_substring_regex(column, _FORMULA), marked, column)

    def encode_defused(batch: pa.RecordBatch | None) -> bytes:
        if batch is None:
            return encode(None)
        columns = [defuse(column) for column in batch.columns]
        return encode(pa.RecordBatch.from_arrays(columns, schema=batch.schema))

    return encode_defused


class _Drained:
    """A file that is emptied as it is written."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Take bytes in."""
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: all is here."""

    def close(self) -> None:
        """Do nothing: what was written can still be had."""

    def drain(self) -> bytes:
        """Hand out what was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


_ENCODERS: dict[str, Callable[[], Encoder]] = {
    "ndjson": _ndjson,
    "csv": lambda: _defused(_written(lambda sink: pyarrow.csv.CSVWriter(sink, EXPORT_SCHEMA))),
    "arrow": lambda: _written(lambda sink: pa.ipc.new_stream(sink, EXPORT_SCHEMA)),
}
