"""Workers on a log that is not, or is no more, the one that their state is computed from."""

from collections import Counter
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaConnectionError, KafkaError

from hcdv_stream.broker.topics import Topic, create_topics
from hcdv_stream.state.reading.reader import PartitionReader
from tests.worker.conftest import Workers
from tests.worker.harness import (
    WorkerProcess,
    consume_all,
    ids_of,
    produce,
    session,
    stored,
    until,
    wait_for_offset,
)

pytestmark = [pytest.mark.broker, pytest.mark.slow]


def make_anew(bootstrap: str, topic: str, partitions: int = 1) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.delete_topics([topic])
    until(lambda: topic not in admin.list_topics(), 10)
    admin.close()
    create_topics(bootstrap, [Topic(topic, partitions)])


def add_partitions(bootstrap: str, topic: str, count: int) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        admin.create_partitions({topic: count})
        until(lambda: len(admin.describe_topics([topic])[0]["partitions"]) == count, 10)
    except KafkaError:
        pytest.skip("Tansu cannot add partitions")
    finally:
        admin.close()


def delete_records(bootstrap: str, topic: str, before: int) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        admin.delete_records({TopicPartition(topic, 0): before})
    except KafkaConnectionError:
        pytest.skip("Tansu cannot delete records")
    finally:
        admin.close()


def ended(worker: WorkerProcess) -> str:
    """What it said when it refused, which must be a sentence."""
    assert worker.ends(60) == 1, worker.output
    assert "Traceback" not in worker.output
    return worker.said


def states(workers: Workers, topic: str) -> list[Path]:
    return sorted((workers.directory / "state" / topic).iterdir())


def test_a_topic_made_anew_is_refused_though_it_is_longer(
    bootstrap: str, topic: str, workers: Workers
):
    produce(bootstrap, topic, [session(number) for number in range(50)])
    directory = workers.directory / "state" / topic / "0"
    worker = workers.start(topic)
    wait_for_offset(directory, 50, worker, 40)
    worker.stop()
    make_anew(bootstrap, topic)
    produce(bootstrap, topic, [session(number) for number in range(1000, 1120)])
    said = ended(workers.start(topic))
    assert f"topic '{topic}' is not the one that the state was computed from: its id was" in said
    assert "another HCDV_STATE_DIR" in said
    partition = stored(directory)
    assert partition is not None
    assert sorted(ids_of([partition])) == [f"s{n:06d}" for n in range(50)]


def test_a_topic_made_anew_under_a_running_worker_stops_it(
    bootstrap: str, topic: str, workers: Workers
):
    produce(bootstrap, topic, [session(number) for number in range(50)])
    directory = workers.directory / "state" / topic / "0"
    worker = workers.start(topic)
    wait_for_offset(directory, 50, worker, 40)
    make_anew(bootstrap, topic)
    produce(bootstrap, topic, [session(number) for number in range(1000, 1120)])
    assert "is not the one that the state was computed from" in ended(worker)
    partition = stored(directory)
    assert partition is not None
    assert sorted(ids_of([partition])) == [f"s{n:06d}" for n in range(50)]


def test_a_topic_that_is_deleted_stops_its_worker(bootstrap: str, topic: str, workers: Workers):
    produce(bootstrap, topic, [session(number) for number in range(50)])
    worker = workers.start(topic)
    wait_for_offset(workers.directory / "state" / topic / "0", 50, worker, 40)
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.delete_topics([topic])
    admin.close()
    said = ended(worker)
    assert "is gone from the broker" in said or "is not the one that" in said


@pytest.mark.parametrize("count", [4, 3])
def test_partitions_that_are_added_stop_the_worker_before_an_id_counts_twice(
    bootstrap: str, topic: str, workers: Workers, count: int
):
    topic = f"{topic}-two"
    create_topics(bootstrap, [Topic(topic, 2), Topic(f"{topic}.dlq", 2)])
    placed = produce(bootstrap, topic, [session(number) for number in range(40)])
    worker = workers.start(topic, log_check_seconds="600")  # only polls and rebalances look
    ends = [max(o for p, o in placed if p == number) + 1 for number in range(2)]
    for number, end in enumerate(ends):
        wait_for_offset(workers.directory / "state" / topic / str(number), end, worker, 40)
    add_partitions(bootstrap, topic, count)
    produce(bootstrap, topic, [session(number) for number in range(40)])
    said = ended(worker)
    assert f"topic '{topic}' has {count} partitions and the state was computed with 2" in said
    assert f"`hcdv-stream topics repartition --partitions {count}`" in said
    assert f"topic '{topic}' has {count} partitions" in ended(workers.start(topic))
    found = [partition for path in states(workers, topic) if (partition := stored(path))]
    assert Counter(ids_of(found)) == Counter(f"s{number:06d}" for number in range(40))


def test_partitions_that_are_added_are_noticed_on_a_quiet_stream(
    bootstrap: str, topic: str, workers: Workers
):
    worker = workers.start(topic, log_check_seconds="0.2")
    worker.wait_for("partition owned")
    add_partitions(bootstrap, topic, 2)
    assert "topics repartition" in ended(worker)


def test_a_log_without_its_beginning_is_refused_or_valued_as_truncated(
    bootstrap: str, topic: str, workers: Workers
):
    produce(bootstrap, topic, [session(number) for number in range(100)])
    delete_records(bootstrap, topic, 30)
    directory = workers.directory / "state" / topic / "0"
    said = ended(workers.start(topic))
    assert f"the log of partition 0 of topic '{topic}' begins at offset 30" in said
    assert "HCDV_TRUNCATED_LOG=accept" in said
    worker = workers.start(topic, truncated_log="accept")
    wait_for_offset(directory, 100, worker, 40)
    worker.wait_for("corpus is truncated: the log's beginning is gone")
    assert worker.metric("hcdv_corpus_complete", partition="0") == 0
    assert worker.metric("hcdv_examples") == 70
    worker.stop()
    reader = PartitionReader(directory)
    reader.refresh()
    reader.close()
    assert reader.log is not None
    assert (reader.log.begins_at, reader.log.complete) == (30, False)
    assert "holds a truncated corpus" in ended(workers.start(topic))
    # The state remembers where it began, whatever the log has lost since.
    delete_records(bootstrap, topic, 60)
    worker = workers.start(topic, truncated_log="accept")
    worker.wait_for("partition owned")
    assert worker.metric("hcdv_corpus_complete", partition="0") == 0
    worker.stop()


def test_a_state_under_another_partition_s_number_is_refused(
    bootstrap: str, topic: str, workers: Workers
):
    produce(bootstrap, topic, [session(number) for number in range(20)])
    directory = workers.directory / "state" / topic / "0"
    worker = workers.start(topic)
    wait_for_offset(directory, 20, worker, 40)
    worker.stop()
    other = f"{topic}-other"
    create_topics(bootstrap, [Topic(other, 1), Topic(f"{other}.dlq", 1)])
    directory.parent.rename(directory.parent.with_name(other))
    said = ended(workers.start(other))
    assert f"holds the state of partition 0 of topic '{topic}'" in said
    assert "copied or renamed" in said


def test_a_compacted_topic_is_read_as_what_it_is(
    bootstrap: str, topic: str, workers: Workers, request: pytest.FixtureRequest
):
    """Gaps are progress, and deletions that outlive what they deleted are no dead letters."""
    if request.node.callspec.params["bootstrap"] == "tansu":
        pytest.skip("Tansu does not compact")
    topic = f"{topic}-compacted"
    config = {
        "cleanup.policy": "compact",
        "segment.ms": "100",
        "min.cleanable.dirty.ratio": "0.0",
        "max.compaction.lag.ms": "100",
    }
    create_topics(bootstrap, [Topic(topic, 1, 1, config), Topic(f"{topic}.dlq", 1)])
    log = [session(number) for number in range(60)]
    log += [(session(number)[0], None) for number in range(20)]
    produce(bootstrap, topic, log)
    wait_for_compaction(bootstrap, topic, len(log))
    produce(bootstrap, topic, [session(100), (b"never-there", None)])
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    config_of = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    admin.close()
    assert config_of["topic"][topic]["cleanup.policy"]["value"] == "compact"
    worker = workers.start(topic)
    directory = workers.directory / "state" / topic / "0"
    until(lambda: (found := stored(directory)) and "s000100" in ids_of([found]), 40)
    until(lambda: worker.metric("hcdv_ignored_deletions_total") >= 1, 20)
    partition = stored(directory)
    assert partition is not None
    assert sorted(ids_of([partition])) == [f"s{n:06d}" for n in [*range(20, 60), 100]]
    assert worker.metric("hcdv_corpus_complete") == 1
    assert worker.metric("hcdv_topic_keeps_all") == 1
    worker.stop()
    assert consume_all(bootstrap, f"{topic}.dlq") == []


def wait_for_compaction(bootstrap: str, topic: str, count: int) -> None:
    """Wait until the broker has removed records, which a new segment makes it do."""

    def compacted() -> bool:
        produce(bootstrap, topic, [session(59)])
        return len(consume_all(bootstrap, topic)) < count

    if compacted():  # a broker that compacts at once
        return
    until(compacted, 60, "the log is compacted")
