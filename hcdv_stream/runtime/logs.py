"""Log lines on standard error: for people, or one JSON object each.

A line is an event, a short phrase that never changes, with fields: ``log.info("metrics listening",
extra=fields(port=9108))``. Machines read the JSON form, where the phrase is ``event`` and the
fields stand beside it.
"""

import logging
import sys
import time
from collections.abc import Mapping
from typing import Any, Literal

import orjson

from hcdv_stream.errors import HcdvError
from hcdv_stream.runtime.repeated_log_lines import RepeatedLines
from hcdv_stream.unknown_settings import unknown_settings

log = logging.getLogger(__name__)

_FIELDS = "hcdv_fields"
_NOISY = ("faust", "mode", "aiokafka", "kafka", "asyncio")
_repeated = RepeatedLines(_NOISY)
_OWN = ("hcdv_stream",)
_TELLING = ("httpx", "httpcore")
"""They write addresses, which hold ids, at INFO."""


def fields(**values: object) -> Mapping[str, object]:
    """Return the ``extra`` argument of a log call that carries these fields."""
    return {_FIELDS: values}


def configure_logging(level: str, form: Literal["text", "json"]) -> None:
    """Send every log line of at least ``level`` to standard error.

    At DEBUG that is ours alone: a library's would hold what it sends and receives, sessions and
    keys among them. Libraries are heard from INFO on then, else the talkative from WARNING on, and
    they repeat themselves ever more rarely; not where they report an HcdvError, which the command
    line says in one sentence.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_is_shown)
    if level != "DEBUG":
        handler.addFilter(_repeated)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    debugging = level == "DEBUG"
    logging.basicConfig(level="INFO" if debugging else level, handlers=[handler], force=True)
    for name in _OWN:
        logging.getLogger(name).setLevel(level)
    for name in _NOISY:
        logging.getLogger(name).setLevel("INFO" if debugging else "WARNING")
    for name in _TELLING:
        logging.getLogger(name).setLevel("WARNING")
    warn_of_unknown_settings()


def warn_of_unknown_settings() -> None:
    """Log every variable that looks like a setting and is none."""
    for name, closest in unknown_settings().items():
        log.warning("unknown setting", extra=fields(name=name, meant=closest))


def take_suppressed_count() -> int:
    """Return how many repeated lines of libraries were not written since this was last asked."""
    return _repeated.take_count()


class TextLines(logging.Formatter):
    """``2026-01-31T12:00:00Z INFO worker: metrics listening port=9108``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        values = _values(record)
        name = record.name.removeprefix("hcdv_stream.")
        head = f"{_stamp(record)} {record.levelname} {name}: {record.getMessage()}"
        line = " ".join([head, *(f"{key}={value}" for key, value in values.items())])
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonLines(logging.Formatter):
    """One JSON object a line: ``time``, ``level``, ``logger``, ``event``, then the fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        entry: dict[str, Any] = {
            "time": _stamp(record),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
        }
        entry |= _values(record)
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(entry, default=str).decode()


def _is_shown(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, HcdvError) and record.name.startswith(_NOISY))


def _values(record: logging.LogRecord) -> Mapping[str, object]:
    values: Mapping[str, object] = getattr(record, _FIELDS, {})
    return values


def _stamp(record: logging.LogRecord) -> str:
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03d}Z"
