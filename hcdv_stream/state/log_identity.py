"""Which log a state is computed from, and where in it the state begins."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from hcdv_stream.state.errors import StateError
from hcdv_stream.state.identity import Identity

PARTITIONER = "murmur2"
"""Kafka's default: an id belongs to the partition murmur2(id) mod the number of partitions."""


@dataclass(frozen=True, slots=True)
class LogIdentity:
    """The log of one partition, as it was when its state was created.

    ``topic_id`` is what Kafka gives a topic anew each time it is created, None if the broker gives
    none. ``partitions`` counts those of the topic. ``begins_at`` is the first offset that can have
    an effect on the state; ``complete`` says that nothing of the log came before it.
    """

    topic_id: str | None
    partitions: int
    begins_at: int
    complete: bool
    partitioner: str = PARTITIONER

    def dump(self) -> bytes:
        """Return it as JSON."""
        return orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS)

    @classmethod
    def parse(cls, data: bytes) -> "LogIdentity":
        """Read what ``dump`` wrote; raises StateError if it is anything else."""
        try:
            content: dict[str, Any] = orjson.loads(data)
            return cls(**content)
        except (ValueError, TypeError) as error:
            raise StateError(
                f"the state's record of its log cannot be read ({error}): move the directory away "
                "and restart, which rebuilds the state from the topic"
            ) from error

    def same_log(self, other: "LogIdentity") -> bool:
        """Whether both may be the same topic with the same number of partitions."""
        return self.difference("", other.topic_id, other.partitions) is None

    def difference(self, topic: str, topic_id: str | None, partitions: int) -> str | None:
        """Say why a topic of that id and size is another log than this one; None if it may be it.

        An id that either side lacks is no evidence; the offsets are compared elsewhere.
        """
        if topic_id and self.topic_id and topic_id != self.topic_id:
            return (
                f"topic {topic!r} is not the one that the state was computed from: its id was "
                f"{self.topic_id} and is now {topic_id}, so it was deleted and made anew, or it "
                "is another broker's; name the right HCDV_BOOTSTRAP and HCDV_TOPIC, or choose "
                "another HCDV_STATE_DIR to value the new topic from its beginning"
            )
        if partitions != self.partitions:
            return (
                f"topic {topic!r} has {partitions} partitions and the state was computed with "
                f"{self.partitions}, so ids have moved between partitions and would be counted "
                "twice: stop the producers, copy the log with `hcdv-stream topics repartition "
                f"--partitions {partitions}` and set HCDV_TOPIC to the copy"
            )
        return None


def settled_log(
    directory: Path,
    identity: Identity,
    found: LogIdentity | None,
    now: LogIdentity,
    *,
    new: bool,
    accept_truncated: bool,
) -> LogIdentity:
    """Return the log that a state belongs to, to be kept in it; ``now`` is the log as it is now.

    ``found`` is what the state says, ``new`` that nothing was ever written to it. Raises StateError
    if it is another log, or if the state lacks the log's beginning and that is not accepted.
    """
    settled = now if found is None else found
    name = f"partition {identity.partition} of topic {identity.topic!r}"
    if difference := settled.difference(identity.topic, now.topic_id, now.partitions):
        raise StateError(f"{directory}: {difference}")
    if settled.complete or accept_truncated:
        return settled
    if new:
        raise StateError(
            f"the log of {name} begins at offset {settled.begins_at}, and what came before is "
            "gone: name a topic that keeps everything (`hcdv-stream topics create` makes one), or "
            "set HCDV_TRUNCATED_LOG=accept to value a truncated corpus, which every answer says"
        )
    raise StateError(
        f"{directory} holds a truncated corpus, which lacks what {name} held before offset "
        f"{settled.begins_at}: set HCDV_TRUNCATED_LOG=accept to go on with it, or name a topic "
        "that keeps everything and another HCDV_STATE_DIR"
    )


def misplaced(directory: Path, found: Identity, topic: str, partition: int) -> str | None:
    """Say that the state of another partition or topic lies in a directory; None if it does not."""
    if (found.topic, found.partition) == (topic, partition):
        return None
    return (
        f"{directory} holds the state of partition {found.partition} of topic {found.topic!r}, not "
        f"of partition {partition} of topic {topic!r}: it was copied or renamed, so move it away "
        "and restart the worker, which rebuilds the state from the topic"
    )
