"""The heartbeat of a partition: what its owner last knew of the end of the log, in a small file.

The worker writes it about once a second into the partition's directory, beside RocksDB's files. A
reader of the state learns from it how current the state is, and whether it has an owner at all. It
asks the owner instead of Kafka, because then it needs no address and no rights at the broker, costs
the broker nothing, also knows whether a worker is there, and compares times of one machine's clock.

The file is two lines: JSON, and the CRC-32 of the first line. It is replaced as a whole. What is
missing, torn, damaged, of a later format or from the future counts as no heartbeat: then nothing is
known of how current the state is.
"""

import json
import os
import zlib
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

NAME = "HEARTBEAT"
FORMAT = 1
_NEW = "HEARTBEAT.new"
_LARGEST = 65_536
_OFFSETS = 1 << 63
_AHEAD_SECONDS = 2.0
"""A clock that is set back by up to so much makes no heartbeat a thing of the future."""


@dataclass(frozen=True, slots=True)
class LogEnd:
    """The broker's answer to where the log ends: the question was asked ``at`` that time.

    ``offset`` is the last stable offset: what is below it, and nothing else, can be consumed.
    """

    at: float
    offset: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a partition's owner knows; times are seconds since the epoch.

    ``next_offset`` is the first offset without effect in the state; ``position`` is how far the log
    was read, which lies beyond it where the log has offsets without a record. ``checked`` is the
    newest answer of the broker, ``held`` the newest whose end the position has reached: the state
    then holds everything that was committed at ``held.at``. ``released_at`` is when the owner let
    the partition go; ``moved``: the group has given it to another worker since.
    """

    process: int
    host: str
    started_at: float
    owned_since: float
    beat_at: float
    next_offset: int
    position: int
    checked: LogEnd | None = None
    held: LogEnd | None = None
    released_at: float | None = None
    moved: bool = False

    @property
    def owned(self) -> bool:
        """Whether the writer owns the partition."""
        return self.released_at is None

    def later(self, seconds: float) -> Self:
        """Return it with all times shifted: for a clock that goes ahead by so much."""

        def shifted(end: LogEnd | None) -> LogEnd | None:
            return end and LogEnd(end.at + seconds, end.offset)

        return replace(
            self,
            started_at=self.started_at + seconds,
            owned_since=self.owned_since + seconds,
            beat_at=self.beat_at + seconds,
            checked=shifted(self.checked),
            held=shifted(self.held),
            released_at=None if self.released_at is None else self.released_at + seconds,
        )

    def dump(self) -> bytes:
        """Encode it as the content of a file."""
        line = json.dumps({"format": FORMAT, **asdict(self)}, sort_keys=True).encode()
        return b"%s\n%08x\n" % (line, zlib.crc32(line))


def write_heartbeat(directory: Path, heartbeat: Heartbeat) -> None:
    """Replace a partition's heartbeat; raises OSError.

    It is not forced to disk: after a power failure an old one is as good as none.
    """
    new = directory / _NEW
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(heartbeat.dump())
    new.replace(directory / NAME)


def read_heartbeat(directory: Path, now: float) -> Heartbeat | None:
    """Return a partition's heartbeat, None where there is none that can be used at ``now``."""
    try:
        # A pipe in its place would be waited for.
        with open(directory / NAME, "rb", opener=_without_waiting) as file:
            content = file.read(_LARGEST)
    except OSError:
        return None
    return parse_heartbeat(content, now)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def parse_heartbeat(content: bytes, now: float) -> Heartbeat | None:
    """Return the heartbeat that a file's content is, None where it is none or of the future."""
    line, _, rest = content.partition(b"\n")
    if rest.strip() != b"%08x" % zlib.crc32(line):
        return None
    try:
        told = json.loads(line)
        if told.pop("format") != FORMAT:
            return None
        heartbeat = Heartbeat(
            **{field.name: told[field.name] for field in fields(Heartbeat)}
            | {name: _end(told[name]) for name in ("checked", "held")}
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return heartbeat if is_sound(heartbeat, now) else None


def in_future(moment: float, now: float) -> bool:
    """Whether a moment lies further ahead than the clock may have been set back."""
    return not moment <= now + _AHEAD_SECONDS  # nor NaN


def _end(told: Any) -> LogEnd | None:
    return None if told is None else LogEnd(**told)


def is_sound(heartbeat: Heartbeat, now: float) -> bool:
    """Whether the types are right, offsets count, and no time lies in the future."""
    ends = [end for end in (heartbeat.checked, heartbeat.held) if end is not None]
    times: list[Any] = [
        heartbeat.started_at,
        heartbeat.owned_since,
        heartbeat.beat_at,
        *(end.at for end in ends),
        *([] if heartbeat.released_at is None else [heartbeat.released_at]),
    ]
    offsets: list[Any] = [
        heartbeat.process,
        heartbeat.next_offset,
        heartbeat.position,
        *(end.offset for end in ends),
    ]
    return (
        isinstance(heartbeat.host, str)
        and isinstance(heartbeat.moved, bool)
        and all(type(time) in {int, float} for time in times)
        and all(time >= 0 and not in_future(time, now) for time in times)
        and all(type(offset) is int and 0 <= offset < _OFFSETS for offset in offsets)
    )
