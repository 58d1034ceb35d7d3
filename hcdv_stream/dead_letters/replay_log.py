"""What replays have sent so far: records of their own in the dead-letter topic.

All stand in partition 0, so they have one order. A run writes that it has begun, after each batch
which letters it has sent, and that it has ended. A run that died between sending a batch and saying
so left its marks in the sessions' topic, where its successor looks from the ends that it noted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

PARTITION = 0
_KEY = "hcdv-replay/"
_HEADER = "hcdv-replay"

Event = Literal["begun", "sent", "ended"]


@dataclass
class PastRun:
    """A replay as far as its records tell; ``ends`` are the topic's when it began."""

    name: str
    offset: int
    ends: Mapping[int, int]
    last_time: float
    sent: set[str] = field(default_factory=set)
    ended: bool = False


class ReplayLog:
    """The replays that are known, by name."""

    def __init__(self) -> None:
        self.runs: dict[str, PastRun] = {}

    def take(self, record: Any) -> bool:
        """Take note of a record; say whether it was a replay's."""
        if record.key is None or not record.key.startswith(_KEY.encode()):
            return False
        event = dict(record.headers).get(_HEADER, b"").decode()
        name = record.key.decode().removeprefix(_KEY)
        content = orjson.loads(record.value)
        time = record.timestamp / 1000
        if event == "begun":
            ends = {int(number): end for number, end in content["ends"].items()}
            self.runs[name] = PastRun(name, record.offset, ends, time)
        elif name in self.runs:
            run = self.runs[name]
            run.sent |= set(content["letters"])
            run.last_time = max(run.last_time, time)
            run.ended |= event == "ended"
        return True

    @property
    def sent(self) -> set[str]:
        """The identities of all letters that were sent again."""
        return {identity for run in self.runs.values() for identity in run.sent}

    def open_before(self, name: str) -> list[PastRun]:
        """Return the runs that began before this one and have not ended."""
        mine = self.runs[name].offset
        return [run for run in self.runs.values() if not run.ended and run.offset < mine]


def replay_record(
    event: Event,
    run: str,
    *,
    letters: Iterable[str] = (),
    ends: Mapping[int, int] | None = None,
) -> dict[str, Any]:
    """Return a record of a replay as the producer takes it."""
    content: dict[str, object] = {"letters": sorted(letters)}
    if ends is not None:
        content["ends"] = {str(number): end for number, end in ends.items()}
    return {
        "partition": PARTITION,
        "key": f"{_KEY}{run}".encode(),
        "value": orjson.dumps(content),
        "headers": [(_HEADER, event.encode())],
    }
