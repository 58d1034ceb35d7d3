"""What a broker says of a topic: its id, its partitions, where they begin and what it deletes."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec
from kafka.errors import KafkaError

RETENTION = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
"""What a topic of sessions needs: a state can be rebuilt only from a log that keeps everything."""
_NO_SUCH_TOPIC = 3
_WITHOUT_LIMIT = "-1"


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """A topic's id, None if the broker gives none, and how many partitions it has."""

    name: str
    topic_id: str | None
    partitions: int


@dataclass(frozen=True, slots=True)
class Retention:
    """The topic's configuration of what is deleted; None for what the broker does not say."""

    policy: str | None
    milliseconds: str | None
    bytes: str | None
    delete_milliseconds: str | None = None

    @property
    def compacted(self) -> bool:
        """Whether the broker removes records that a later one of the same key replaces."""
        return "compact" in (self.policy or "").split(",")

    @property
    def keeps_all(self) -> bool | None:
        """Whether no record is deleted for its age or the log's size; None if that is unknown."""
        if self.policy is None:
            return None
        if "delete" not in self.policy.split(","):
            return True
        if self.milliseconds is None or self.bytes is None:
            return None
        return self.milliseconds == self.bytes == _WITHOUT_LIMIT

    def __str__(self) -> str:
        return (
            f"cleanup.policy={self.policy}, retention.ms={self.milliseconds}, "
            f"retention.bytes={self.bytes}"
        )


def read_topic(admin: Any, name: str) -> TopicFacts | None:
    """Return what the topic is, None if there is none of that name; raises KafkaError."""
    (described,) = admin.describe_topics([name])
    if described["error_code"] == _NO_SUCH_TOPIC:
        return None
    return TopicFacts(name, _id(described.get("topic_id")), len(described["partitions"]))


def read_retention(admin: Any, name: str) -> Retention:
    """Return the topic's retention; unknown if the broker does not or may not tell."""
    resource = ConfigResource(ConfigResourceType.TOPIC, name)
    try:
        said = admin.describe_configs([resource], config_filter="all")["topic"][name]
    except (KafkaError, KeyError):
        said = {}
    names = ("cleanup.policy", "retention.ms", "retention.bytes", "delete.retention.ms")
    return Retention(*(_value(said, each) for each in names))


def read_beginning(admin: Any, name: str, partition: int) -> int:
    """Return the first offset of a partition's log; raises KafkaError."""
    where = TopicPartition(name, partition)
    return int(admin.list_partition_offsets({where: OffsetSpec.EARLIEST})[where].offset)


def _id(given: UUID | str | None) -> str | None:
    """Return a topic id as text; brokers without ids give none, or zero."""
    return str(given) if given and UUID(str(given)).int else None


def _value(said: Any, name: str) -> str | None:
    value = said.get(name, {}).get("value")
    return None if value is None else str(value).replace(" ", "")
