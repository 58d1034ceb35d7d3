"""Sessions as Kafka messages: the topic contract's writing side.

Key = example id. Value = JSON ``{"schema":1,"id","ts","features":{name:value},"label",
"provider"?}``, with ``ts`` in seconds since the epoch.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pyarrow as pa

from hcdv_stream.errors import HcdvError

SCHEMA = 1
_ROWS = 1024


class ReplayError(HcdvError):
    """A table that cannot be turned into sessions: names the column and the fix."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Which columns of a table are no features; a role of None is one the table does not have."""

    label: str
    id: str | None = None
    time: str | None = None
    provider: str | None = None

    def check(self, names: list[str]) -> None:
        """Raise ReplayError where a column that has a role is not among ``names``."""
        for role in ("label", "id", "time", "provider"):
            column = getattr(self, role)
            if column is not None and column not in names:
                raise ReplayError(
                    f"--{role} {column}: there is no such column; there are {', '.join(names)}"
                )


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: the key and the value of one Kafka record."""

    key: bytes
    value: bytes


def with_ids(table: pa.Table, roles: Roles) -> tuple[pa.Table, Roles]:
    """Return the table with an id column and the roles that name it.

    A table that has none gets one: its rows are named after their position.
    """
    if roles.id is not None:
        return table, roles
    name = "id"
    while name in table.column_names:
        name = "_" + name
    ids = pa.array([f"row-{row:08d}" for row in range(len(table))], pa.string())
    return table.append_column(name, ids), replace(roles, id=name)


def messages(table: pa.Table, roles: Roles, now: float) -> Iterator[Message]:
    """Turn the rows into sessions, in order.

    Every column without a role is a feature; a number that is not finite becomes null. Rows of a
    table without a time column happen at ``now``, seconds since the epoch. Raises ReplayError.
    """
    roles.check(table.column_names)
    table, roles = with_ids(table, roles)
    taken = {roles.label, roles.id, roles.time, roles.provider}
    features = [name for name in table.column_names if name not in taken]
    for start in range(0, len(table), _ROWS):
        for offset, row in enumerate(table.slice(start, _ROWS).to_pylist()):
            yield _message(row, features, roles, start + offset, now)


def _message(
    row: Mapping[str, Any], features: list[str], roles: Roles, position: int, now: float
) -> Message:
    id = _text(row[roles.id or ""])
    if not id:
        raise ReplayError(f"row {position}: the column {roles.id!r} holds no id; fill it")
    session = {
        "schema": SCHEMA,
        "id": id,
        "ts": now if roles.time is None else _seconds(row[roles.time], roles.time, position),
        "features": {name: _plain(row[name]) for name in features},
        "label": _plain(row[roles.label]),
    }
    if roles.provider is not None and row[roles.provider] is not None:
        session["provider"] = _text(row[roles.provider])
    return Message(id.encode(), orjson.dumps(session, default=str))


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _plain(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _seconds(value: object, column: str, position: int) -> float:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()
    if isinstance(value, int | float) and math.isfinite(value):
        return float(value)
    raise ReplayError(
        f"row {position}: the column {column!r} holds no time; "
        "it must be a timestamp, an ISO 8601 text or seconds since the epoch"
    )
