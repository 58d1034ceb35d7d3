"""The log of a trial: sessions, replacements, deletions, poison, and what it must come to."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from kafka import TopicPartition

from hcdv_stream.broker.clients import open_consumer
from hcdv_stream.simulators.messages import Message

Record = tuple[bytes, bytes | None]

POISON = (b"poison", b"{}", b"[1]", b"\xff\xfe", b'{"schema":1}')
REPLACED, DELETED, POISONED = 0.1, 0.02, 0.02
"""Shares of the records that are no new session."""
_QUIET_MS = 3_000
_RECENT = 2_000


def records(sessions: Iterable[Message], chance: random.Random) -> Iterator[Record]:
    """Yield the sessions, with what else a log holds between them."""
    recent: list[bytes] = []
    for message in sessions:
        drawn = chance.random()
        if recent and drawn < REPLACED:
            key = chance.choice(recent)
            yield key, orjson.dumps(orjson.loads(message.value) | {"id": key.decode()})
            continue
        if recent and drawn < REPLACED + DELETED:
            yield chance.choice(recent), None
        elif recent and drawn < REPLACED + DELETED + POISONED:
            yield chance.choice(recent), chance.choice(POISON)
        yield message.key, message.value
        recent.append(message.key)
        if len(recent) > 2 * _RECENT:
            del recent[:_RECENT]


@dataclass(slots=True)
class ExpectedState:
    """What a partition's log comes to: its end, the examples that are left, and the rejected."""

    end: int = 0
    records: int = 0
    ids: set[str] = field(default_factory=set)
    letters: set[bytes] = field(default_factory=set)


def read_topic(bootstrap: str, topic: str, partitions: int) -> list[Any]:
    """Return every record of a topic: until nothing more comes for a while."""
    consumer = open_consumer(bootstrap, auto_offset_reset="earliest")
    try:
        consumer.assign([TopicPartition(topic, number) for number in range(partitions)])
        consumer.seek_to_beginning()
        found: list[Any] = []
        while got := [one for run in consumer.poll(_QUIET_MS).values() for one in run]:
            found += got
        return found
    finally:
        consumer.close()


def expected(log: Iterable[Any], topic: str, partitions: int) -> Sequence[ExpectedState]:
    """Return what each partition must hold after these records of the topic."""
    found = [ExpectedState() for _ in range(partitions)]
    for record in log:
        one = found[record.partition]
        one.end = max(one.end, record.offset + 1)
        one.records += 1
        name = record.key.decode()
        # An id that is deleted twice is unknown the second time.
        if record.value in POISON or (record.value is None and name not in one.ids):
            one.letters.add(f"{topic}/{record.partition}/{record.offset}".encode())
        elif record.value is None:
            one.ids.discard(name)
        else:
            one.ids.add(name)
    return found


def letters_of(log: Iterable[Any]) -> Counter[bytes]:
    """Return how often each dead letter is in a dead-letter topic."""
    return Counter(record.key for record in log)
