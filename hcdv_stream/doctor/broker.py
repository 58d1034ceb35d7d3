"""Is Kafka there, are the topics as the worker expects them, and do states and logs meet?"""

import asyncio
from collections.abc import Mapping

from kafka import TopicPartition
from kafka.errors import KafkaError

from hcdv_stream.broker.clients import open_consumer
from hcdv_stream.broker.errors import BrokerError
from hcdv_stream.broker.topics import partition_counts
from hcdv_stream.doctor.check import CheckResult, failed, passed, refused, skipped
from hcdv_stream.settings import Settings
from hcdv_stream.worker.kafka.log_end import fetched_end

_REACH_SECONDS = 5.0


def check_broker(settings: Settings) -> tuple[list[CheckResult], int]:
    """Look at broker and topics; return the checks and the partitions of the sessions' topic."""
    names = {"topic": settings.topic, "dead letters": settings.dead_letter_topic}
    try:
        counts = partition_counts(settings.bootstrap, names.values(), _REACH_SECONDS)
    except BrokerError as error:
        why = "there is no broker to ask"
        return [refused("broker", error), *(skipped(name, why) for name in names)], 0
    checks = [passed("broker", f"answers at {settings.bootstrap}")]
    checks += [_topic(name, topic, counts[topic], settings) for name, topic in names.items()]
    return checks, counts[settings.topic]


def check_offsets(settings: Settings, stored: Mapping[int, int], partitions: int) -> CheckResult:
    """Compare where each state goes on with what its log in Kafka holds.

    ``stored`` maps a partition to the first offset without effect.
    """
    name = "offsets"
    there = {number: offset for number, offset in stored.items() if number < partitions}
    if not there:
        return skipped(name, "there is no state or no topic to compare")
    try:
        ranges = _log_ranges(settings, there)
    except KafkaError as error:
        return failed(name, f"the logs' ends cannot be read ({error})", "look at the broker")
    for number, offset in sorted(there.items()):
        start, end = ranges[number]
        if offset > end:
            return failed(
                name,
                f"partition {number}'s state goes on at {offset}, but its log ends at {end}",
                "name the broker and topic it was computed from, or another HCDV_STATE_DIR",
            )
        if offset < start:
            return failed(
                name,
                f"partition {number}'s state goes on at {offset}, but its log starts at {start}",
                f"give the topic a longer retention and move {settings.state_dir}/"
                f"{settings.topic}/{number} away",
            )
    return passed(name, "every state meets its log")


def _topic(name: str, topic: str, count: int, settings: Settings) -> CheckResult:
    if not count:
        return failed(name, f"there is no topic {topic!r}", "run `hcdv-stream topics create`")
    if count != settings.partitions:
        return failed(
            name,
            f"{topic!r} has {count} partitions, HCDV_PARTITIONS says {settings.partitions}",
            f"set HCDV_PARTITIONS={count}, or choose another HCDV_TOPIC",
        )
    return passed(name, f"{topic!r} has {count} partitions")


def _log_ranges(settings: Settings, numbers: Mapping[int, int]) -> dict[int, tuple[int, int]]:
    servers, topic = settings.bootstrap.split(","), settings.topic
    consumer = open_consumer(settings.bootstrap)
    try:
        asked = [TopicPartition(topic, number) for number in numbers]
        starts, listed = consumer.beginning_offsets(asked), consumer.end_offsets(asked)
    finally:
        consumer.close()
    ends = {tp: asyncio.run(fetched_end(servers, topic, tp.partition, listed[tp])) for tp in asked}
    return {tp.partition: (starts[tp], ends[tp]) for tp in asked}
