"""Topics are made once, and never with another number of partitions than asked for."""

import uuid
from typing import Any, Self

import pytest
from kafka import KafkaAdminClient
from kafka.errors import TopicAlreadyExistsError
from typer.testing import CliRunner

from hcdv_stream.broker import topics
from hcdv_stream.broker.clients import open_admin
from hcdv_stream.broker.errors import BrokerError
from hcdv_stream.broker.topic_facts import read_retention
from hcdv_stream.broker.topics import Topic, create_topics, partition_counts, session_topics
from hcdv_stream.cli.main import app
from hcdv_stream.settings import load_settings

pytestmark = pytest.mark.broker


@pytest.fixture
def name() -> str:
    return f"sessions-{uuid.uuid4().hex[:12]}"


def test_creates_both_topics_and_a_second_time_nothing(bootstrap: str, name: str):
    wanted = session_topics(load_settings(topic=name, partitions=3))
    assert create_topics(bootstrap, wanted) == [name, f"{name}.dlq"]
    assert create_topics(bootstrap, wanted) == []
    assert partition_counts(bootstrap, [name, f"{name}.dlq", f"{name}.no"]) == {
        name: 3,
        f"{name}.dlq": 3,
        f"{name}.no": 0,
    }


def test_another_number_of_partitions_is_refused(bootstrap: str, name: str):
    create_topics(bootstrap, [Topic(name, 2)])
    with pytest.raises(BrokerError, match="has 2 partitions, not 4"):
        create_topics(bootstrap, [Topic(name, 4)])
    assert partition_counts(bootstrap, [name]) == {name: 2}


def test_the_command_says_what_it_did(bootstrap: str, name: str):
    arguments = ["topics", "create", "--bootstrap", bootstrap, "--topic", name]
    first = CliRunner().invoke(app, arguments)
    assert first.exit_code == 0
    kept = "keeps all records (cleanup.policy=delete, retention.ms=-1, retention.bytes=-1)"
    assert first.output == f"{name}: created; {kept}\n{name}.dlq: created; {kept}\n"
    again = CliRunner().invoke(app, arguments).output
    looks = "`hcdv-stream doctor` looks at what it keeps"
    assert again == f"{name}: was there; {looks}\n{name}.dlq: was there; {looks}\n"
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    assert read_retention(admin, name).keeps_all is True
    admin.close()


def test_no_broker_is_one_sentence_with_the_fix():
    with pytest.raises(BrokerError, match=r"HCDV_BOOTSTRAP=127\.0\.0\.1:1 .*start the broker"):
        create_topics("127.0.0.1:1", [Topic("x", 1)], timeout_seconds=0.5)


class _LateMetadata:
    """An admin client of a broker that hears ``late`` looks later than its controller of topics."""

    def __init__(self, admin: Any, late: int) -> None:
        self._admin, self._late = admin, late

    def create_topics(self, *arguments: Any, **options: Any) -> Any:
        if self._late > 0:
            raise TopicAlreadyExistsError
        return self._admin.create_topics(*arguments, **options)

    def describe_topics(self, names: list[str]) -> Any:
        self._late -= 1
        if self._late >= 0:
            return [{"error_code": 3, "partitions": []}]
        return self._admin.describe_topics(names)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._admin.close()


@pytest.mark.parametrize("made_before", [True, False])
def test_a_topic_that_exists_without_partitions_yet_is_looked_at_again(
    bootstrap: str, name: str, monkeypatch: pytest.MonkeyPatch, made_before: bool
) -> None:
    if made_before:
        create_topics(bootstrap, [Topic(name, 2)])
    with monkeypatch.context() as patch:
        patch.setattr(topics, "open_admin", lambda *a, **o: _LateMetadata(open_admin(*a, **o), 2))
        assert create_topics(bootstrap, [Topic(name, 2)]) == ([] if made_before else [name])
    assert partition_counts(bootstrap, [name]) == {name: 2}


def test_a_topic_that_never_gets_partitions_is_an_error_with_a_fix(
    bootstrap: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        topics, "open_admin", lambda *a, **o: _LateMetadata(open_admin(*a, **o), 1 << 30)
    )
    with pytest.raises(BrokerError, match=r"within 0\.3 s, as while a topic is being deleted"):
        create_topics(bootstrap, [Topic(name, 2)], timeout_seconds=0.3)
