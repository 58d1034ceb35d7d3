"""Workers as processes on a real broker: order, dead letters, offsets, and how they end."""

import resource
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaConnectionError

from hcdv_stream.broker.groups import group_facts
from hcdv_stream.broker.topics import Topic, create_topics
from hcdv_stream.worker.letters.dead_letter import DeadLetter, Origin, Record
from tests.serving.attacks import many
from tests.worker.conftest import Workers
from tests.worker.harness import (
    STARTED,
    WorkerProcess,
    consume,
    ids_of,
    produce,
    session,
    state_bytes,
    stored,
    until,
    wait_for_offset,
)
from tests.worker.test_session import REJECTED

pytestmark = pytest.mark.broker


def poison() -> list[tuple[bytes | None, bytes | None]]:
    """One record for every way of being rejected."""
    values = [value for reason, value in REJECTED.values() if reason != "too_large"]
    keys = [(None, session(1)[1]), (b"\xff", session(1)[1]), (b"nobody", None)]
    huge = (b"s000007", session(7, note="x" * 1_100_000)[1])
    return [*((b"s000007", value) for value in values), *keys, huge]


@pytest.mark.slow
def test_a_worker_s_life(bootstrap: str, topic: str, workers: Workers):
    directory = workers.directory / "state" / topic / "0"
    bad = poison()
    log = [session(number) for number in range(300)]
    log += [*bad, session(5, label="yes"), (b"s000006", None), session(300)]
    produce(bootstrap, topic, log)
    # A worker that died before it stored the offset had sent the first dead letter already.
    sent = DeadLetter(topic, 0, Record(300, *bad[0], 0.0), "not_json", "sent before")
    origin = Origin(f"group-of-{topic}", group_facts(bootstrap, "any", topic).topic_id)
    headers = [*sent.headers, *origin.headers]
    produce(bootstrap, f"{topic}.dlq", [(sent.key, sent.value)], headers=headers)
    worker = workers.start(topic, program=STARTED)
    wait_for_offset(directory, len(log), worker, 40)
    # This bundle has no network to run: torch would more than double the time of a start.
    assert "libtorch" not in Path(f"/proc/{worker.process.pid}/maps").read_text()

    # Everything valid took effect: 301 sessions, one of them deleted again.
    first = stored(directory)
    assert first is not None
    assert sorted(ids_of([first])) == [f"s{n:06d}" for n in range(301) if n != 6]
    assert first.state.header.records == len(log) - len(bad)
    assert (first.state.header.replacements, first.state.header.deletions) == (1, 1)

    check_dead_letters(bootstrap, topic, log, worker)
    check_health(worker)
    assert {path.name for path in workers.directory.iterdir()} == {"state", "worker-0.log"}

    # The next one goes on where the state ends.
    more = [session(number) for number in range(301, 400)]
    produce(bootstrap, topic, more)
    successor = workers.start(topic)
    assert successor.wait_for("partition owned")["offset"] == len(log)
    wait_for_offset(directory, len(log) + len(more), successor, 40)
    assert successor.metric("hcdv_records_total") == len(more)
    assert successor.metric("hcdv_redelivered_records_total") == 0
    assert successor.metric("hcdv_examples") == 399
    assert len(consume(bootstrap, f"{topic}.dlq", len(bad))) == len(bad)
    successor.stop()

    # A worker without the state begins at the log's start, whatever offset the group committed,
    # and comes to the same.
    assert committed(bootstrap, topic) == len(log) + len(more)
    rebuilt = workers.start(topic, state="other")
    assert rebuilt.wait_for("partition owned")["offset"] == 0
    assert len(successor.events("partition owned")) == 1
    other = workers.directory / "other" / topic / "0"
    wait_for_offset(other, len(log) + len(more), rebuilt, 40)
    rebuilt.stop()
    assert len(consume(bootstrap, f"{topic}.dlq", len(bad))) == len(bad)
    one, two = stored(directory), stored(other)
    assert one is not None
    assert two is not None
    assert state_bytes(one) == state_bytes(two)


def check_dead_letters(
    bootstrap: str,
    topic: str,
    log: Sequence[tuple[bytes | None, bytes | None]],
    worker: WorkerProcess,
) -> None:
    """Everything rejected is in the dead-letter topic, and says where from and why."""
    bad = poison()
    letters = consume(bootstrap, f"{topic}.dlq", len(bad))
    offsets = sorted(int(dict(letter.headers)["hcdv-source-offset"]) for letter in letters)
    assert offsets == list(range(300, 300 + len(bad)))
    for letter in letters:
        headers = dict(letter.headers)
        source = log[int(headers["hcdv-source-offset"])]
        assert letter.key == f"{topic}/0/{int(headers['hcdv-source-offset'])}".encode()
        assert headers["hcdv-source-topic"] == topic.encode()
        erased = headers["hcdv-error-class"] == b"unknown_id"
        assert headers.get("hcdv-source-key") == (None if erased else source[0])
        assert letter.value == (source[1] and source[1][:900_000])
    reasons = Counter(dict(letter.headers)["hcdv-error-class"].decode() for letter in letters)
    assert reasons["too_large"] == reasons["unknown_id"] == 1
    assert reasons["key_mismatch"] == 3
    for reason, count in reasons.items():
        assert worker.metric("hcdv_dead_letters_total", reason=reason) == count


def check_health(worker: WorkerProcess) -> None:
    """It says that it is well, and stops when asked to."""
    until(lambda: worker.get("/readyz")[0] == 200, 5)
    assert worker.get("/livez") == (200, "ok\n")
    until(lambda: worker.metric("hcdv_consumer_lag_records") == 0, 5)
    assert worker.metric("hcdv_examples") == 300
    assert worker.metric("hcdv_efficiency_residual") < 1e-9
    assert worker.metric("hcdv_update_latency_seconds_count") >= 1
    assert worker.metric("hcdv_group_assignments_total") == 1
    assert worker.stop() < 5
    assert "Traceback" not in worker.output


def committed(bootstrap: str, topic: str) -> int | None:
    """The group's committed offset of partition 0."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=f"group-of-{topic}")
    offset = consumer.committed(TopicPartition(topic, 0))
    consumer.close()
    return offset


@pytest.mark.slow
def test_another_log_than_the_state_s_fails_loudly(bootstrap: str, topic: str, workers: Workers):
    produce(bootstrap, topic, [session(number) for number in range(50)])
    worker = workers.start(topic)
    wait_for_offset(workers.directory / "state" / topic / "0", 50, worker, 40)
    worker.stop()
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.delete_topics([topic])
    until(lambda: topic not in admin.list_topics(), 10)
    admin.close()
    create_topics(bootstrap, [Topic(topic, 1)])
    produce(bootstrap, topic, [session(number) for number in range(10)])
    worker = workers.start(topic)
    assert worker.ends(40) == 1
    assert f"topic '{topic}' is not the one that the state was computed from" in worker.said
    assert "Traceback" not in worker.output


@pytest.mark.slow
def test_a_log_that_lost_records_fails_loudly(bootstrap: str, topic: str, workers: Workers):
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    produce(bootstrap, topic, [session(number) for number in range(50)])
    try:
        admin.delete_records({TopicPartition(topic, 0): 0})
    except KafkaConnectionError:
        admin.close()
        pytest.skip("Tansu cannot delete records")
    worker = workers.start(topic)
    wait_for_offset(workers.directory / "state" / topic / "0", 50, worker, 40)
    worker.stop()
    produce(bootstrap, topic, [session(number) for number in range(50, 100)])
    admin.delete_records({TopicPartition(topic, 0): 80})
    admin.close()
    worker = workers.start(topic)
    assert worker.ends(40) == 1
    assert "but the log now starts at 80 and the records between are lost" in worker.said
    assert "longer retention" in worker.said
    assert "Traceback" not in worker.output


FAILING = """
from hcdv_stream.state.store import PartitionStore
from hcdv_stream.cli.main import run
import sys

def refuse(self, delta, position):
    raise OSError(28, "No space left on device")

PartitionStore.write = refuse
sys.argv = ["hcdv-stream", "worker"]
run()
"""


@pytest.mark.slow
def test_a_failing_write_ends_the_worker_and_loses_nothing(
    bootstrap: str, topic: str, workers: Workers
):
    produce(bootstrap, topic, [session(number) for number in range(50)])
    failing = workers.start(topic, program=("-c", FAILING))
    assert failing.ends(40) == 1
    assert "No space left on device" in failing.output
    # Faust may have committed offsets of the failed batch all the same: the state decides.
    worker = workers.start(topic)
    wait_for_offset(workers.directory / "state" / topic / "0", 50, worker, 40)
    worker.stop()


@pytest.mark.slow
def test_a_state_that_another_group_owns_is_not_waited_for_for_ever(
    bootstrap: str, topic: str, workers: Workers
):
    owner = workers.start(topic)
    owner.wait_for("partition owned")
    second = workers.start(topic, group=f"second-{topic}", session_timeout_seconds="6")
    assert second.ends(60) == 1
    assert "is in use by another process: stop the other worker" in second.said
    assert "Traceback" not in second.output
    assert owner.stop() < 5


@pytest.mark.slow
def test_a_group_that_refuses_is_said_with_the_fix(bootstrap: str, topic: str, workers: Workers):
    worker = workers.start(topic, session_timeout_seconds="2")
    until(lambda: worker.process.poll() is not None or worker.events("partition owned"), 30)
    if worker.process.poll() is None:
        pytest.skip("Tansu takes any session timeout")
    assert worker.process.returncode == 1
    assert "the broker refuses HCDV_SESSION_TIMEOUT_SECONDS=2: choose one" in worker.said
    assert "Traceback" not in worker.output


def test_what_is_missing_is_said_with_the_fix(bootstrap: str, workers: Workers):
    worker = workers.start("no-such-topic")
    assert worker.ends(30) == 1
    assert "there is no topic 'no-such-topic'" in worker.output
    assert "hcdv-stream topics create" in worker.output
    assert "Traceback" not in worker.output


@pytest.mark.usefixtures("many_descriptors")
def test_idle_connections_beyond_its_descriptors_do_not_end_it(
    bootstrap: str, topic: str, workers: Workers
):
    """As many as end a server of a thread for each; it goes on valuing, and says how it is."""
    produce(bootstrap, topic, [session(number) for number in range(50)])
    worker = workers.start(topic)
    directory = workers.directory / "state" / topic / "0"
    wait_for_offset(directory, 50, worker, 40)
    limit = (1024, 1024)
    resource.prlimit(worker.process.pid, resource.RLIMIT_NOFILE, limit)
    port = worker.wait_for("metrics listening")["port"]
    with many(port, 1200) as held:
        assert len(held) == 1200
        for path in ("/livez", "/readyz", "/metrics"):
            assert worker.get(path)[0] == 200
        produce(bootstrap, topic, [session(number) for number in range(50, 100)])
        wait_for_offset(directory, 100, worker, 40)
    assert worker.metric("hcdv_http_connections_closed_total", reason="full") >= 1100
    worker.stop()
