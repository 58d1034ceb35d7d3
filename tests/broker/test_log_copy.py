"""A copy of a log that somebody still writes to: all of it or nothing."""

from collections.abc import Callable

import pytest
from kafka import KafkaAdminClient, KafkaProducer

from hcdv_stream.broker import log_copy
from hcdv_stream.broker.errors import BrokerError
from hcdv_stream.broker.log_copy import LogCopy
from hcdv_stream.broker.topics import Topic, create_topics, partition_counts
from tests.worker.harness import consume_all, produce, session, until

pytestmark = [pytest.mark.broker, pytest.mark.slow]


@pytest.fixture(autouse=True)
def _kafka(request: pytest.FixtureRequest) -> None:
    if request.node.callspec.params["bootstrap"] == "tansu":
        pytest.skip("Tansu adds no partitions, gives no ids and holds no transaction open")


def copy_of(bootstrap: str, topic: str) -> LogCopy:
    """Of a topic into another one with three partitions."""
    return LogCopy(bootstrap, topic, Topic(f"{topic}-3p", 3), Topic(f"{topic}-3p.dlq", 3))


def once(act: Callable[[], None]) -> Callable[[int, int], None]:
    """Return a progress report that acts after the first round, when the end was read already."""
    done = []

    def report(_copied: int, _known: int) -> None:
        if not done:
            done.append(True)
            act()

    return report


def test_records_that_come_in_the_meantime_are_copied_too(bootstrap: str, topic: str):
    produce(bootstrap, topic, [session(number) for number in range(20)])
    later = [session(number) for number in range(15, 32)]
    with copy_of(bootstrap, topic) as copy:
        assert copy.run(once(lambda: produce(bootstrap, topic, later) and None)) == 17
        assert copy.records == 37
    copied = consume_all(bootstrap, f"{topic}-3p")
    assert len(copied) == 37
    assert {record.key for record in copied} == {session(number)[0] for number in range(32)}


@pytest.mark.parametrize("anew", [False, True])
def test_a_log_that_becomes_another_one_meanwhile_is_refused(
    bootstrap: str, topic: str, anew: bool
):
    produce(bootstrap, topic, [session(number) for number in range(20)])
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)

    def change() -> None:
        if not anew:
            admin.create_partitions({topic: 2})
            until(lambda: len(admin.describe_topics([topic])[0]["partitions"]) == 2, 30)
            return
        admin.delete_topics([topic])
        until(lambda: topic not in admin.list_topics(), 30)
        create_topics(bootstrap, [Topic(topic, 1)])
        produce(bootstrap, topic, [session(number) for number in range(20)])

    with (
        pytest.raises(BrokerError, match="was changed while it was copied"),
        copy_of(bootstrap, topic) as copy,
    ):
        copy.run(once(change))
    admin.close()
    made = [f"{topic}-3p", f"{topic}-3p.dlq"]
    until(lambda: not any(partition_counts(bootstrap, made).values()), 30)


def test_an_open_transaction_is_refused(
    bootstrap: str, topic: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(log_copy, "_OPEN_SECONDS", 1.0)
    produce(bootstrap, topic, [session(number) for number in range(20)])
    producer = KafkaProducer(bootstrap_servers=bootstrap, transactional_id=f"seller-{topic}")
    producer.init_transactions()
    producer.begin_transaction()
    key, value = session(20)
    producer.send(topic, key=key, value=value, partition=0)
    producer.flush()
    with (
        pytest.raises(BrokerError, match=rf"partition 0 of topic '{topic}' has from offset 20 on"),
        copy_of(bootstrap, topic) as copy,
    ):
        copy.run(once(lambda: None))
    producer.commit_transaction()
    producer.close()
    with copy_of(bootstrap, topic) as copy:
        copy.run(once(lambda: None))
        assert copy.records == 21
