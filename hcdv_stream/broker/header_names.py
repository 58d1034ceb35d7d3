r"""Reads headers whose names are not UTF-8.

Kafka takes any bytes for the name of a record's header. The clients raise for a batch with such a
name, at every try, so nothing behind it could ever be read. Here each byte that is not UTF-8 is
written as an escape (``\xff``). Both clients' names are private; the worker's tests pin them.
"""

from typing import Any

import aiokafka.record.memory_records as aiokafka_records
import kafka.record.memory_records as kafka_records
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from kafka.record.default_records import DefaultRecordBatch


class _LenientBytes(bytearray):
    """Bytes whose parts can always be decoded."""

    def __getitem__(self, place: Any) -> Any:
        part = super().__getitem__(place)
        return _LenientBytes(part) if isinstance(place, slice) else part

    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:
        return super().decode(encoding, errors)


class _Batch(_DefaultRecordBatchPy):  # type: ignore[misc]
    """A batch of aiokafka's."""

    _buffer: bytearray

    def _read_msg(self, *arguments: Any) -> Any:
        try:
            return super()._read_msg(*arguments)
        except UnicodeDecodeError:  # nothing of the record is taken in yet
            self._buffer = _LenientBytes(self._buffer)
            return super()._read_msg(*arguments)


class _OtherBatch(DefaultRecordBatch):  # type: ignore[misc]
    """A batch of kafka-python's."""

    _buffer: bytearray

    def _read_msg(self, *arguments: Any) -> Any:
        try:
            return super()._read_msg(*arguments)
        except UnicodeDecodeError:
            self._buffer = _LenientBytes(self._buffer)
            return super()._read_msg(*arguments)


def read_any_header_name() -> None:
    """Let the consumers of this process read such names.

    aiokafka's compiled reader is given up for the one in Python, so call it when it has raised a
    UnicodeDecodeError. kafka-python's reader stays as fast as it was.
    """
    aiokafka_records.DefaultRecordBatch = _Batch
    fetcher.MemoryRecords = aiokafka_records._MemoryRecordsPy
    kafka_records.DefaultRecordBatch = _OtherBatch
