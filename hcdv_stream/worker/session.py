"""The one place where a session's JSON is validated.

A record is a key, the example's id, and a value: null, which deletes the example, or
``{"schema":1,"id","ts","features":{..}|[..],"label","provider"?,"trusted"?}``. Fields that are
not named here are ignored, so that a minor version may add some; so is ``trusted`` if no mark
counts.
"""

import json
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import orjson

from hcdv_stream.bundle.errors import FeatureError, LabelError
from hcdv_stream.bundle.labels import class_index, class_indices
from hcdv_stream.bundle.normalisation.providers import provider_of
from hcdv_stream.bundle.normalisation.times import KINDS, LATEST_TIME, NoTimeError, Unit, time_of
from hcdv_stream.bundle.schema import FeatureSchema, Row
from hcdv_stream.runtime.logs import fields
from hcdv_stream.worker.trust import Trust

log = logging.getLogger(__name__)

SCHEMA = 1
"""The major version of the value that is understood."""
LONGEST_NAME = 1024
"""Most bytes of an id and of a provider's name."""
_PLAINLY_SECONDS = 1e8
"""From here to LATEST_TIME a number can be nothing but seconds."""

Reason = Literal[
    "not_json",
    "wrong_type",
    "not_finite",
    "missing_label",
    "unknown_label",
    "missing_feature",
    "extra_feature",
    "null_feature",
    "unknown_schema",
    "too_large",
    "key_mismatch",
    "unknown_id",
    "foreign_id",
]
REASONS: tuple[str, ...] = get_args(Reason)
"""Every reason that a session is rejected for."""


class RejectedError(ValueError):
    """A record that goes to the dead-letter topic: a reason of REASONS, and a sentence."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Session:
    """A valid session; ``label`` is a class index, ``time`` in seconds since the epoch.

    A ``trusted`` one joins V.
    """

    id: str
    time: float
    row: Row
    label: int
    provider: str | None
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Deletion:
    """A null value: the example with this id is to go."""

    id: str


class SessionValidator:
    """Validates records against a bundle's features and classes, and says which are trusted."""

    def __init__(
        self,
        schema: FeatureSchema,
        classes: Sequence[str],
        max_bytes: int,
        trust: Trust | None = None,
    ) -> None:
        self._schema = schema
        self._classes = class_indices(classes)
        self._max_bytes = max_bytes
        self._trust = trust or Trust()
        self._units: set[Unit] = {"seconds"}

    def validate(self, key: bytes | None, value: bytes | None) -> Session | Deletion:
        """Return what the record says; raises RejectedError."""
        if value is not None and len(value) > self._max_bytes:
            raise RejectedError(
                "too_large", f"the value has {len(value)} bytes, {self._max_bytes} are allowed"
            )
        id = _key(key)
        if value is None:
            return Deletion(id)
        session = _object(value)
        if session.get("id") != id:
            raise _mismatch(session.get("id"))
        try:
            time, unit = _time(session.get("ts"))
            if unit not in self._units:
                self._say_unit(unit)
            row = self._schema.row(session.get("features"))
            label = class_index(session.get("label"), self._classes)
            provider = _provider(session.get("provider"))
            mark = self._trust.marks and _mark(session.get("trusted"))
            return Session(id, time, row, label, provider, self._trust.trusts(mark, provider))
        except (FeatureError, LabelError) as error:
            raise RejectedError(error.reason, str(error)) from error

    def _say_unit(self, unit: Unit) -> None:
        """Log, once for each unit, that times are in another one than seconds."""
        self._units.add(unit)
        log.info("read ts in another unit than seconds since the epoch", extra=fields(unit=unit))


def _key(key: bytes | None) -> str:
    if not key:
        raise RejectedError("key_mismatch", "the record has no key: it must be the example's id")
    if len(key) > LONGEST_NAME:
        raise RejectedError("key_mismatch", f"the key has more than {LONGEST_NAME} bytes")
    try:
        return key.decode()
    except UnicodeDecodeError as error:
        raise RejectedError("key_mismatch", "the key is not UTF-8") from error


def _object(value: bytes) -> dict[str, Any]:
    try:
        session = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        if _has_infinite(value):
            raise RejectedError("not_finite", "the value holds NaN or Infinity") from error
        raise RejectedError("not_json", f"the value is not JSON: {error}") from error
    if not isinstance(session, dict):
        raise RejectedError(
            "wrong_type", f"the value must be an object, got {type(session).__name__}"
        )
    version = session.get("schema")
    if not (type(version) is int or type(version) is float) or math.floor(version) != SCHEMA:
        raise RejectedError(
            "unknown_schema", f"the schema must be {SCHEMA}, got {str(version)[:64]!r}"
        )
    return session


def _has_infinite(value: bytes) -> bool:
    # Python's own writer spells NaN and the infinities in a way that is not JSON.
    found: list[str] = []

    def note(text: str) -> float:
        number = float(text.replace("Infinity", "inf"))
        if not math.isfinite(number):
            found.append(text)
        return number

    try:
        json.loads(value, parse_constant=note, parse_float=note)
    except (ValueError, RecursionError):
        return False
    return bool(found)


def _mismatch(named: object) -> RejectedError:
    if isinstance(named, str):
        return RejectedError("key_mismatch", "the id in the value is not the key")
    return RejectedError("wrong_type", f"the id must be a string, got {type(named).__name__}")


def _time(value: object) -> tuple[float, Unit]:
    if type(value) in (float, int) and _PLAINLY_SECONDS <= value < LATEST_TIME:  # type: ignore[operator]
        return float(value), "seconds"  # type: ignore[arg-type]
    try:
        return time_of(value)
    except NoTimeError as error:
        reason = "not_finite" if value in (math.inf, -math.inf) else "wrong_type"
        raise RejectedError(reason, f"ts must be {KINDS}, {error}") from error


def _mark(value: object) -> bool:
    if value is None:
        return False
    if not isinstance(value, bool):
        raise RejectedError(
            "wrong_type", f"trusted must be true or false, got {type(value).__name__}"
        )
    return value


def _provider(value: object) -> str | None:
    try:
        name = provider_of(value)
    except ValueError as error:
        raise RejectedError("wrong_type", f"the provider must be text or null, {error}") from error
    if name is not None and len(name.encode()) > LONGEST_NAME:
        raise RejectedError("wrong_type", f"the provider's name has more than {LONGEST_NAME} bytes")
    return name
