"""Is the topic the log that the states are computed from, and does it keep what they need?"""

from collections.abc import Mapping

from kafka.errors import KafkaError

from hcdv_stream.broker.clients import open_admin
from hcdv_stream.broker.topic_facts import (
    RETENTION,
    Retention,
    TopicFacts,
    read_beginning,
    read_retention,
    read_topic,
)
from hcdv_stream.doctor.check import CheckResult, failed, passed, skipped
from hcdv_stream.settings import Settings
from hcdv_stream.state.log_identity import LogIdentity

_NEEDED = ", ".join(f"{name}={value}" for name, value in RETENTION.items())
_ANSWER_MILLISECONDS = 5000
_NO_BROKER = "there is no topic to ask about"


def check_log(settings: Settings, stored: Mapping[int, LogIdentity | None]) -> list[CheckResult]:
    """Compare the logs of the states, by partition, with the topic; look at its retention."""
    names = ("log", "retention")
    try:
        admin = open_admin(
            settings.bootstrap,
            request_timeout_ms=_ANSWER_MILLISECONDS,
            bootstrap_timeout_ms=_ANSWER_MILLISECONDS,
        )
    except KafkaError:
        return [skipped(name, _NO_BROKER) for name in names]
    try:
        topic = read_topic(admin, settings.topic)
        if topic is None:
            return [skipped(name, _NO_BROKER) for name in names]
        starts = {
            number: read_beginning(admin, topic.name, number) for number in range(topic.partitions)
        }
        retention = read_retention(admin, topic.name)
    except KafkaError as error:
        why = f"the broker does not say ({type(error).__name__})"
        return [failed(name, why, "look at the broker") for name in names]
    finally:
        admin.close()
    return [_log(settings, topic, starts, stored), _retention(settings, retention)]


def _log(
    settings: Settings,
    topic: TopicFacts,
    starts: Mapping[int, int],
    stored: Mapping[int, LogIdentity | None],
) -> CheckResult:
    name = "log"
    for number, log in sorted(stored.items()):
        if log and (told := log.difference(topic.name, topic.topic_id, topic.partitions)):
            what, _, fix = told.partition("; " if "; " in told else ": ")
            return failed(name, f"partition {number}: {what}", fix)
    truncated = {
        number: log.begins_at for number, log in stored.items() if log and not log.complete
    }
    new = set(starts) - {number for number, log in stored.items() if log}
    begins = truncated | {number: starts[number] for number in new if starts[number]}
    if begins:
        named = ", ".join(f"{number} at offset {start}" for number, start in sorted(begins.items()))
        return failed(
            name,
            f"a truncated corpus: the log's beginning is missing, partition {named}"
            + ("" if settings.truncated_log == "refuse" else " (HCDV_TRUNCATED_LOG=accept)"),
            "name a topic that keeps everything, or set HCDV_TRUNCATED_LOG=accept and live with "
            "payouts being refused",
        )
    if topic.topic_id is None:
        return passed(
            name,
            "the broker gives no topic id: a topic made anew is noticed by its offsets alone",
        )
    silent = sorted(number for number, log in stored.items() if log is None)
    said = f"topic id {topic.topic_id}, {topic.partitions} partitions, whole from offset 0"
    if silent:
        said += f"; the states of partition {', '.join(map(str, silent))} do not say theirs yet"
    return passed(name, said)


def _retention(settings: Settings, retention: Retention) -> CheckResult:
    name = "retention"
    if retention.keeps_all is None:
        return passed(name, f"the broker does not say; the service needs {_NEEDED}")
    if not retention.keeps_all:
        return failed(
            name,
            f"{settings.topic!r} has {retention}, so the broker deletes records, and a state that "
            "is lost cannot be rebuilt",
            f"set {_NEEDED} with `kafka-configs --alter --entity-type topics --entity-name "
            f"{settings.topic}`",
        )
    if retention.compacted:
        return passed(
            name,
            f"{settings.topic!r} is compacted: a state holds the latest record of each id, and a "
            "rebuilt one may have another tree; no worker may be behind for longer than "
            f"delete.retention.ms={retention.delete_milliseconds}",
        )
    return passed(name, f"{settings.topic!r} keeps all records")
