"""The topics of a stream of sessions, made once and never repartitioned.

An example id always meets its own partition, so the number of partitions of a topic is part of
the state: it is checked here, and changing it takes a new topic.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kafka.errors import KafkaError, TopicAlreadyExistsError

from hcdv_stream.broker.clients import open_admin
from hcdv_stream.broker.errors import BrokerError
from hcdv_stream.broker.reach import check_reach
from hcdv_stream.broker.topic_facts import RETENTION
from hcdv_stream.settings import Settings

_NO_SUCH_TOPIC = 3
_LOOK_AGAIN_SECONDS = 0.1
_RECORD_OVERHEAD = 65_536
"""Bytes that a record may need besides its value: key, headers, batch."""


@dataclass(frozen=True)
class Topic:
    """A topic as it should be."""

    name: str
    partitions: int
    replication: int = 1
    config: Mapping[str, str] = field(default_factory=dict)


def session_topics(settings: Settings) -> tuple[Topic, Topic]:
    """Return the topic of sessions and its dead-letter topic.

    Records are stamped with the time they were appended at, from which their age is measured, and
    kept for good: a state can be rebuilt only from all of them.
    """
    config = {
        "max.message.bytes": str(settings.max_message_bytes + _RECORD_OVERHEAD),
        "message.timestamp.type": "LogAppendTime",
        **RETENTION,
    }
    shape = (settings.partitions, settings.replication, config)
    return Topic(settings.topic, *shape), Topic(settings.dead_letter_topic, *shape)


def create_topics(
    bootstrap: str, topics: Iterable[Topic], timeout_seconds: float = 10.0
) -> list[str]:
    """Create the topics that are not there yet; return the names of those created.

    A topic that is there is left as it is. Raises BrokerError if the broker cannot be reached or
    refuses, and if a topic that is there has another number of partitions.
    """
    with _admin(bootstrap, timeout_seconds) as admin:
        return [topic.name for topic in topics if _ensure(admin, topic, timeout_seconds)]


def delete_topics(bootstrap: str, names: Iterable[str], timeout_seconds: float = 10.0) -> None:
    """Delete topics with everything in them; those that are not there are no error.

    Raises BrokerError where the broker cannot be reached.
    """
    wanted = list(names)
    with _admin(bootstrap, timeout_seconds) as admin:
        if wanted:
            admin.delete_topics(wanted, raise_errors=False)


def partition_counts(
    bootstrap: str, names: Iterable[str], timeout_seconds: float = 10.0
) -> dict[str, int]:
    """Return how many partitions each of the topics has, 0 where there is no such topic.

    Raises BrokerError where the broker cannot be reached.
    """
    with _admin(bootstrap, timeout_seconds) as admin:
        return {name: _partitions(admin, name) for name in names}


def _admin(bootstrap: str, timeout_seconds: float) -> Any:
    check_reach(bootstrap, timeout_seconds)
    try:
        return open_admin(bootstrap, bootstrap_timeout_ms=int(timeout_seconds * 1000))
    except KafkaError as error:
        raise BrokerError(
            f"no Kafka at HCDV_BOOTSTRAP={bootstrap} within {timeout_seconds:g} s: "
            "start the broker or correct the address"
        ) from error


def _ensure(admin: Any, topic: Topic, timeout_seconds: float) -> bool:
    """Create the topic unless it is there; return whether it was created.

    A topic that is being made or deleted exists for the controller and has no partitions yet or
    any more for the broker: both are asked again until they agree.
    """
    deadline = time.monotonic() + timeout_seconds
    while not _create(admin, topic):
        if there := _partitions(admin, topic.name):
            if there != topic.partitions:
                raise BrokerError(
                    f"topic {topic.name!r} has {there} partitions, not {topic.partitions}: "
                    "set HCDV_PARTITIONS to what it has, or choose another HCDV_TOPIC"
                )
            return False
        if time.monotonic() > deadline:
            raise BrokerError(
                f"the broker neither makes topic {topic.name!r} nor shows its partitions within "
                f"{timeout_seconds:g} s, as while a topic is being deleted: try again later, or "
                "choose another HCDV_TOPIC"
            )
        time.sleep(_LOOK_AGAIN_SECONDS)
    return True


def _create(admin: Any, topic: Topic) -> bool:
    """Return whether the topic was created rather than there already."""
    request = {
        topic.name: {
            "num_partitions": topic.partitions,
            "replication_factor": topic.replication,
            "configs": dict(topic.config),
        }
    }
    try:
        admin.create_topics(request, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        return False
    except KafkaError as error:
        raise BrokerError(
            f"the broker refuses topic {topic.name!r} with {topic.partitions} partitions and "
            f"{topic.replication} replicas: {error}"
        ) from error
    return True


def _partitions(admin: Any, name: str) -> int:
    (described,) = admin.describe_topics([name])
    if described["error_code"] == _NO_SUCH_TOPIC:
        return 0
    return len(described["partitions"])
