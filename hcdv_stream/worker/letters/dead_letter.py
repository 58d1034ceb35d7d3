"""What becomes of a rejected record: a dead letter, the record with its fate in the headers.

The key names where the record stood, ``topic/partition/offset``. The record's own headers go with
it; only those that could be taken for ours get a prefix.
"""

from collections.abc import Sequence
from dataclasses import dataclass

LARGEST_VALUE = 900_000
"""Most bytes of the record's value that are kept, so that any broker takes the letter."""
LARGEST_KEY = 4096
"""Most bytes of the record's key that are kept."""
LARGEST_HEADERS = 65_536
"""Most bytes of the record's headers that are kept; of larger ones none are."""
OURS, ORIGINAL = "hcdv-", "hcdv-original-"
"""How our headers begin, and what is put before the name of a record's header that does too."""

Headers = Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it came from Kafka; ``append_time`` in seconds since the epoch."""

    offset: int
    key: bytes | None
    value: bytes | None
    append_time: float
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Which log a letter is of, by the topic's id, and which group of workers rejected it."""

    group: str
    topic_id: str | None

    @property
    def headers(self) -> Headers:
        """As headers, the same for every letter of a worker."""
        group = ("hcdv-group", self.group.encode())
        return [group] + (
            [("hcdv-source-topic-id", self.topic_id.encode())] if self.topic_id else []
        )


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
    def headers(self) -> Headers:
        """The record's headers, its place, key and size, and the error's class and message.

        The deletion of an unknown id goes without the key: its offset says where it stands.
        """
        record = self.record
        headers: list[tuple[str, bytes | None]] = []
        if (size := _size(record.headers)) > LARGEST_HEADERS:
            headers.append(("hcdv-source-header-bytes", str(size).encode()))
        else:
            headers += [(_prefixed(name), value) for name, value in record.headers]
        headers += [
            ("hcdv-source-topic", self.topic.encode()),
            ("hcdv-source-partition", str(self.partition).encode()),
            ("hcdv-source-offset", str(record.offset).encode()),
            ("hcdv-error-class", self.reason.encode()),
            ("hcdv-error-message", self.message.encode(errors="replace")),
        ]
        # An id that is deleted once more, after it was erased, must not be written anew.
        if record.key is not None and self.reason != "unknown_id":
            headers.append(("hcdv-source-key", record.key[:LARGEST_KEY]))
            if len(record.key) > LARGEST_KEY:
                headers.append(("hcdv-source-key-bytes", str(len(record.key)).encode()))
        size = len(record.value or b"")
        if size > LARGEST_VALUE:
            headers.append(("hcdv-source-bytes", str(size).encode()))
        return headers


def original_headers(headers: Headers) -> Headers:
    """Return the headers that the record of a letter had."""
    return [
        (name.replace(ORIGINAL, "", 1), value)
        for name, value in headers
        if name.startswith(ORIGINAL) or not name.startswith(OURS)
    ]


def _prefixed(name: str) -> str:
    return f"{ORIGINAL}{name}" if name.startswith(OURS) else name


def _size(headers: Headers) -> int:
    return sum(len(name) + len(value or b"") for name, value in headers)
