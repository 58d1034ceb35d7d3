"""A dead letter as an operator sees it: what was rejected, where it stood and why."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import orjson

from hcdv_stream.worker.letters.dead_letter import Headers, original_headers

MARKER = "hcdv-replayed"
"""The header of a record that was sent again; its value is the letter's identity."""


@dataclass(frozen=True)
class Letter:
    """A record of the dead-letter topic; ``time`` is when it was appended there."""

    key: str
    time: float
    value: bytes | None
    headers: Headers

    @classmethod
    def of(cls, record: Any) -> "Letter | None":
        """Read a Kafka record; None where it is no dead letter."""
        headers = [(name, value) for name, value in record.headers]
        if record.key is None or "hcdv-error-class" not in dict(headers):
            return None
        key = record.key.decode(errors="replace")
        return cls(key, record.timestamp / 1000, record.value, headers)

    @cached_property
    def _ours(self) -> dict[str, bytes | None]:
        return dict(self.headers)

    def _text(self, name: str) -> str | None:
        value = self._ours.get(name)
        return None if value is None else value.decode(errors="replace")

    @property
    def topic(self) -> str:
        """The topic that the record came from."""
        return self._text("hcdv-source-topic") or ""

    @property
    def partition(self) -> int:
        """The partition that it came from."""
        return int(self._text("hcdv-source-partition") or -1)

    @property
    def offset(self) -> int:
        """Where it stood there."""
        return int(self._text("hcdv-source-offset") or -1)

    @property
    def topic_id(self) -> str | None:
        """The id of the topic, None where the broker has none."""
        return self._text("hcdv-source-topic-id")

    @property
    def group(self) -> str | None:
        """The group of workers that rejected it."""
        return self._text("hcdv-group")

    @property
    def reason(self) -> str:
        """The class of the error."""
        return self._text("hcdv-error-class") or ""

    @property
    def message(self) -> str:
        """What was wrong."""
        return self._text("hcdv-error-message") or ""

    @property
    def identity(self) -> str:
        """The rejected record among all records of all logs of that name."""
        return f"{self.topic_id or ''}/{self.key}"

    @property
    def source_key(self) -> bytes | None:
        """The record's key."""
        return self._ours.get("hcdv-source-key")

    @property
    def source_headers(self) -> Headers:
        """The record's headers."""
        return original_headers(self.headers)

    @cached_property
    def provider(self) -> str | None:
        """Who supplied the record, where its value says so legibly."""
        try:
            content = orjson.loads(self.value or b"")
            provider = content.get("provider")
        except (ValueError, AttributeError):
            return None
        return provider if isinstance(provider, str) else None

    @property
    def replay_obstacle(self) -> str | None:
        """Why the record cannot be sent again as it was; None where it can."""
        for name, part in (
            ("hcdv-source-bytes", "value"),
            ("hcdv-source-key-bytes", "key"),
            ("hcdv-source-header-bytes", "headers"),
        ):
            if name in self._ours:
                return f"{part} cut"
        if self.source_key is None and self.value is None:  # a deletion: its letter names no id
            return "neither key nor value"
        return None

    def row(self) -> dict[str, object]:
        """Return what ``dlq`` prints of a letter, without its value."""
        return {
            "key": self.key,
            "time": datetime.fromtimestamp(self.time, UTC).isoformat(),
            "reason": self.reason,
            "message": self.message,
            "partition": self.partition,
            "offset": self.offset,
            "source_key": None if (k := self.source_key) is None else k.decode(errors="replace"),
            "provider": self.provider,
            "group": self.group,
            "topic_id": self.topic_id,
            "obstacle": self.replay_obstacle,
        }


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Which letters are meant: those that fit everything that is given.

    ``key`` is a letter's key or the rejected record's; times are seconds since the epoch.
    """

    topic: str
    reason: str | None = None
    since: float | None = None
    until: float | None = None
    partition: int | None = None
    provider: str | None = None
    key: str | None = None
    group: str | None = None

    def matches(self, letter: Letter) -> bool:
        """Say whether a letter is meant."""
        equal = (
            (self.topic, letter.topic),
            (self.reason, letter.reason),
            (self.partition, letter.partition),
            (self.group, letter.group),
        )
        if any(wanted is not None and wanted != found for wanted, found in equal):
            return False
        if self.since is not None and letter.time < self.since:
            return False
        if self.until is not None and letter.time >= self.until:
            return False
        if self.key is not None and self.key != letter.key:
            source = letter.source_key
            if source is None or self.key.encode() != source:
                return False
        return self.provider is None or self.provider == letter.provider
