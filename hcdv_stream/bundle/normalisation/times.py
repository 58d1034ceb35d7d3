"""When something happened, in seconds since the epoch, whatever spells it.

A number's unit is told by its size: below the year 9999 in seconds it is seconds, else the first of
milliseconds, microseconds and nanoseconds in which it lies before that year. A whole number of
eight digits that is a date of the years 1900 to 2099 is that date. Nothing is finer than a
microsecond. A time without a zone is UTC.
"""

import math
import re
from datetime import UTC, date, datetime
from typing import Literal

import numpy as np
import numpy.typing as npt

from hcdv_stream.bundle.normalisation.spelling import number_of, plain

Unit = Literal["seconds", "milliseconds", "microseconds", "nanoseconds", "dates", "date and time"]

LATEST_TIME = 253_402_300_800
"""The end of the year 9999 in seconds since the epoch."""
UNITS: tuple[tuple[Unit, int], ...] = (
    ("seconds", 1),
    ("milliseconds", 1_000),
    ("microseconds", 1_000_000),
    ("nanoseconds", 1_000_000_000),
)
"""A number below LATEST_TIME times the factor is of that unit, unless it is of one before."""
KINDS = "seconds, milliseconds, microseconds or nanoseconds since the epoch, or an ISO 8601 text"

_DATES = (19_000_101, 20_991_231)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZONE = re.compile(r"\s*(?:UTC|GMT)$|\s+(?=[+-][0-9]{2}:?(?:[0-9]{2})?$)")
"""What BigQuery and Snowflake put between a time and its zone, and Python does not read."""


class NoTimeError(ValueError):
    """A value that is no time. Its text ends a sentence: "got 'soon'"."""


def time_of(value: object) -> tuple[float, Unit]:
    """Return seconds since the epoch, and what the value was taken for; raises NoTimeError."""
    if isinstance(value, np.datetime64) and not np.isnat(value):
        return _seconds(int(value.astype("<M8[us]").astype(np.int64))), "date and time"
    value = plain(value)
    if isinstance(value, str):
        return _of_text(value)
    if isinstance(value, bool) or value is None:
        raise NoTimeError(f"got {'nothing' if value is None else str(value).lower()}")
    if isinstance(value, int | float):
        return _of_number(value)
    if isinstance(value, datetime):
        return _of_datetime(value), "date and time"
    if isinstance(value, date):
        return _of_datetime(datetime(value.year, value.month, value.day)), "dates"
    raise NoTimeError(f"got {type(value).__name__}")


def times_of(numbers: npt.NDArray[np.generic]) -> tuple[npt.NDArray[np.float64], dict[Unit, int]]:
    """Return what ``time_of`` says of each number, (n,), and how many were of each unit.

    ``numbers`` are of an integer or floating type. Raises NoTimeError.
    """
    found = [time_of(each) for each in numbers[_unusual(numbers)]]
    seconds = numbers.astype(np.float64)
    seconds[_unusual(numbers)] = [each for each, _ in found]
    units: dict[Unit, int] = {}
    for _, unit in found:
        units[unit] = units.get(unit, 0) + 1
    if usual := len(numbers) - len(found):
        units["seconds"] = units.get("seconds", 0) + usual
    return seconds, units


def _unusual(numbers: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    """Say which numbers may be anything but seconds."""
    values = numbers.astype(np.float64)
    plainly = (values > -LATEST_TIME) & (values < LATEST_TIME)
    first, last = _DATES
    return ~plainly | ((values >= first) & (values <= last))


def _of_text(text: str) -> tuple[float, Unit]:
    number = number_of(text)
    if number is not None:
        return _of_number(number)
    try:
        return _of_datetime(datetime.fromisoformat(_ZONE.sub(_zone, text))), "date and time"
    except (ValueError, OverflowError):
        raise NoTimeError(f"got {text[:64]!r}") from None


def _zone(match: re.Match[str]) -> str:
    return "+00:00" if match[0].strip() else ""


def _of_number(number: float) -> tuple[float, Unit]:
    if not math.isfinite(number):
        raise NoTimeError(f"got {number}")
    if _DATES[0] <= number <= _DATES[1] and number == int(number):
        day = int(number)
        try:
            moment = datetime(day // 10_000, day // 100 % 100, day % 100)
        except ValueError:
            return float(number), "seconds"
        return _of_datetime(moment), "dates"
    for unit, factor in UNITS:
        if -LATEST_TIME * factor <= number < LATEST_TIME * factor:
            if unit == "nanoseconds":
                return _seconds(int(number) // 1_000), unit
            return float(number) if factor == 1 else number / factor, unit
    raise NoTimeError(f"got {number:g}")


def _of_datetime(moment: datetime) -> float:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH).total_seconds()


def _seconds(microseconds: int) -> float:
    return microseconds / 1_000_000
