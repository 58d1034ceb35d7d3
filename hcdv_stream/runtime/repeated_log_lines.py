"""Holds repeated log lines of libraries back: the first at once, then ever more rarely.

A Kafka client that has lost its broker logs one line per try and partition, thousands a minute.
"""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

_FIRST_SECONDS = 60.0
_LONGEST_SECONDS = 3600.0
_MOST_LINES = 256
_NUMBER = re.compile(r"\d+(\.\d+)?")


@dataclass(slots=True)
class _Line:
    shown: float
    seen: float
    pause: float
    held_back: int = 0


class RepeatedLines(logging.Filter):
    """Lets a line of the loggers ``names`` through once per pause, which doubles every time.

    Lines are the same where only numbers and arguments differ. One that was not repeated for two
    pauses is new again. A line that passes tells, in its field ``held_back``, how many did not.
    """

    def __init__(self, names: tuple[str, ...], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._names = names
        self._clock = clock
        self._lines: dict[tuple[str, int, str], _Line] = {}
        self._held_back = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the line is to be written."""
        if not record.name.startswith(self._names):
            return True
        now = self._clock()
        key = (record.name, record.levelno, _NUMBER.sub("0", str(record.msg)))
        line = self._lines.pop(key, None)
        if line is None or now - line.seen > 2 * line.pause:
            line = _Line(now, now, _FIRST_SECONDS)
            self._remember(key, line)
            return True
        self._remember(key, line)
        line.seen = now
        if now - line.shown < line.pause:
            line.held_back += 1
            self._held_back += 1
            return False
        if line.held_back:
            record.hcdv_fields = {"held_back": line.held_back}
        line.shown, line.pause = now, min(2 * line.pause, _LONGEST_SECONDS)
        line.held_back = 0
        return True

    def take_count(self) -> int:
        """Return how many lines were held back since this was last asked."""
        count, self._held_back = self._held_back, 0
        return count

    def _remember(self, key: tuple[str, int, str], line: _Line) -> None:
        self._lines[key] = line
        if len(self._lines) > _MOST_LINES:
            del self._lines[next(iter(self._lines))]
