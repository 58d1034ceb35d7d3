"""Sessions as Kafka messages: the topic contract's writing side.

Key = example id. Value = JSON ``{"schema":1,"id","ts","features":{name:value},"label",
"provider"?,"trusted"?}``, with ``ts`` in seconds since the epoch.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from hcdv_stream.offline.examples import Examples

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: the key and the value of one Kafka record."""

    key: bytes
    value: bytes


def messages(
    examples: Examples, now: float | None = None, trusted_share: float = 0.0
) -> Iterator[Message]:
    """Turn examples into sessions, in order.

    They happened at their own times, or all at ``now``, seconds since the epoch, which is for
    examples without a time. About ``trusted_share`` of them, chosen by their ids, are marked as
    trusted.
    """
    names = list(examples.columns)
    columns = examples.columns.values()
    rows = zip(*columns, strict=True) if names else iter([()] * len(examples))
    times = examples.timestamps.tolist() if now is None else [now] * len(examples)
    told = zip(examples.ids, times, examples.labels, examples.providers, rows, strict=True)
    for id, time, label, provider, row in told:
        session = {
            "schema": SCHEMA,
            "id": id,
            "ts": time,
            "features": dict(zip(names, row, strict=True)),
            "label": label,
        }
        if provider is not None:
            session["provider"] = provider
        if is_trusted(id, trusted_share):
            session["trusted"] = True
        yield Message(id.encode(), orjson.dumps(session))


def is_trusted(id: str, share: float) -> bool:
    """Whether an id is among a ``share`` of all: the same ids every time."""
    return zlib.crc32(b"trusted " + id.encode()) < share * 2**32
