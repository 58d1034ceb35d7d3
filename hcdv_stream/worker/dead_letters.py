"""What becomes of a rejected record: a dead letter, the record with its fate in the headers.

The key names where the record stood, ``topic/partition/offset``. A letter that is sent twice all
the same (see ``dead_letter_box``) has the same key both times, so that a reader can tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass

LARGEST_VALUE = 900_000
"""Most bytes of the record's value that are kept, so that any broker takes the letter."""
LARGEST_KEY = 4096
"""Most bytes of the record's key that are kept."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it came from Kafka; ``append_time`` in seconds since the epoch."""

    offset: int
    key: bytes | None
    value: bytes | None
    append_time: float


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A rejected record of a partition, why it was rejected and in which words."""

    topic: str
    partition: int
    record: Record
    reason: str
    message: str

    @property
    def key(self) -> bytes:
        """Where the record stood."""
        return f"{self.topic}/{self.partition}/{self.record.offset}".encode()

    @property
    def value(self) -> bytes | None:
        """The record's value, cut at LARGEST_VALUE."""
        value = self.record.value
        return value if value is None else value[:LARGEST_VALUE]

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Source topic, partition, offset and key, error class and message, and what was cut.

        The deletion of an unknown id goes without the key: its offset says where it stands.
        """
        headers = [
            ("hcdv-source-topic", self.topic.encode()),
            ("hcdv-source-partition", str(self.partition).encode()),
            ("hcdv-source-offset", str(self.record.offset).encode()),
            ("hcdv-error-class", self.reason.encode()),
            ("hcdv-error-message", self.message.encode(errors="replace")),
        ]
        # An id that is deleted once more, after it was erased, must not be written anew.
        if self.record.key is not None and self.reason != "unknown_id":
            headers.append(("hcdv-source-key", self.record.key[:LARGEST_KEY]))
        size = len(self.record.value or b"")
        if size > LARGEST_VALUE:
            headers.append(("hcdv-source-bytes", str(size).encode()))
        return headers
