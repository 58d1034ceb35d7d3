"""``topics repartition``: the whole log in a new topic, and a worker that values it the same."""

import signal
import subprocess
import sys
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaConnectionError
from typer.testing import CliRunner

from hcdv_stream.broker.partitioner import partition_of
from hcdv_stream.broker.topics import Topic, create_topics, partition_counts
from hcdv_stream.cli.commands.topics import copied_name
from hcdv_stream.cli.main import app
from tests.worker.conftest import Workers
from tests.worker.harness import (
    consume_all,
    ids_of,
    produce,
    session,
    state_bytes,
    stored,
    until,
    wait_for_offset,
)
from tests.worker.harness import small_bundle as bundle_of
from tests.worker.kafka.test_log_identity import add_partitions

pytestmark = [pytest.mark.broker, pytest.mark.slow]


@pytest.fixture
def workers(bootstrap: str, tmp_path: Path):
    bundle_of().save(tmp_path / "bundle")
    started = Workers(tmp_path / "bundle", bootstrap, tmp_path)
    yield started
    started.kill()


def repartitioned(bootstrap: str, topic: str, *arguments: object) -> tuple[int, str]:
    command = ["topics", "repartition", "--bootstrap", bootstrap, "--topic", topic]
    done = CliRunner().invoke(app, [*command, *map(str, arguments)])
    said = done.output
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        said += str(done.exception)
    return done.exit_code, " ".join(said.split())


def histories(records: list) -> dict[bytes, list[bytes | None]]:
    """The values of each id in the order in which they are read."""
    found = defaultdict(list)
    for record in records:
        found[record.key].append(record.value)
    return found


def ends(records: list, partitions: int) -> list[int]:
    found = [0] * partitions
    for record in records:
        found[record.partition] = max(found[record.partition], record.offset + 1)
    return found


def valued(workers: Workers, topic: str, offsets: list[int], state: str = "state") -> list:
    """The states after a worker has had the whole topic."""
    worker = workers.start(topic, state, group=f"{state}-of-{topic}")
    found = []
    for number, offset in enumerate(offsets):
        directory = workers.directory / state / topic / str(number)
        if offset:
            wait_for_offset(directory, offset, worker, 60)
            found.append(stored(directory))
    until(lambda: worker.metric("hcdv_efficiency_residual") < 1e-9, 20)
    worker.stop()
    return found


def test_a_worker_on_the_copy_reaches_the_same_examples(
    bootstrap: str, wide_topic: str, workers: Workers
):
    topic, copy = wide_topic, f"{wide_topic}-6p"
    log = [session(number) for number in range(300)]
    log += [session(number, label="yes") for number in range(0, 60, 3)]
    log += [(session(number)[0], None) for number in range(0, 60, 5)]
    log += [(b"s000001", b"no session"), *(session(number) for number in range(300, 320))]
    produce(bootstrap, topic, log, headers=[("trace", b"1"), ("trace", b"2")])
    before = valued(workers, topic, ends(consume_all(bootstrap, topic), 4))

    code, said = repartitioned(bootstrap, topic, "--partitions", 6)
    assert code == 0, said
    assert f"copied {len(log)} records of '{topic}' into '{copy}' (6 partitions)" in said
    assert f"set HCDV_TOPIC={copy} and HCDV_PARTITIONS=6" in said
    assert "came while it was copying" not in said
    assert "default partitioner" not in said
    assert partition_counts(bootstrap, [copy, f"{copy}.dlq"]) == {copy: 6, f"{copy}.dlq": 6}

    old, new = consume_all(bootstrap, topic), consume_all(bootstrap, copy)
    assert histories(new) == histories(old)
    assert {record.partition for record in new} == {
        partition_of(f"s{n:06d}", 6) for n in range(320)
    }
    assert all(partition_of(record.key.decode(), 6) == record.partition for record in new)
    assert {tuple(record.headers) for record in new} == {(("trace", b"1"), ("trace", b"2"))}
    for records in (old, new):
        records.sort(key=lambda record: (record.key, record.partition, record.offset))
    if old[0].timestamp_type == 1:  # Kafka stamps; Tansu does not
        assert [record.timestamp for record in new] == [record.timestamp for record in old]

    after = valued(workers, copy, ends(new, 6))
    assert sorted(ids_of(after)) == sorted(ids_of(before))
    again = valued(workers, copy, ends(new, 6), state="again")
    for one, two in zip(after, again, strict=True):
        assert state_bytes(one) == state_bytes(two)
    letters = consume_all(bootstrap, f"{copy}.dlq")
    assert {letter.value for letter in letters} == {b"no session"}


def test_it_is_the_way_forward_after_partitions_were_added(
    bootstrap: str, topic: str, workers: Workers
):
    topic = f"{topic}-two"
    create_topics(bootstrap, [Topic(topic, 2), Topic(f"{topic}.dlq", 2)])
    produce(bootstrap, topic, [session(number) for number in range(40)])
    add_partitions(bootstrap, topic, 4)
    later = [session(number, label="yes") for number in range(20)]
    later += [(session(number)[0], None) for number in range(20, 25)]
    produce(bootstrap, topic, later)
    code, said = repartitioned(bootstrap, topic, "--partitions", 4, "--to", f"{topic}-new")
    assert code == 0, said
    assert "default partitioner does not put their id" in said
    assert f"{len(later) + 40} of them have times that the broker did not stamp" in said
    new = consume_all(bootstrap, f"{topic}-new")
    for number in range(25):
        values = histories(new)[session(number)[0]]
        assert values == [session(number)[1], later[number][1]]
    after = valued(workers, f"{topic}-new", ends(new, 4))
    assert sorted(ids_of(after)) == [f"s{n:06d}" for n in range(40) if not 20 <= n < 25]


async def in_transactions(bootstrap: str, topic: str) -> None:
    """Twenty committed, twenty aborted, twenty committed."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=f"of-{topic}")
    await producer.start()
    try:
        for first, commit in ((0, True), (20, False), (40, True)):
            await producer.begin_transaction()
            for number in range(first, first + 20):
                key, value = session(number)
                await producer.send_and_wait(topic, value, key)
            await (producer.commit_transaction() if commit else producer.abort_transaction())
    finally:
        await producer.stop()


def test_only_what_was_committed_is_copied(bootstrap: str, topic: str, request):
    import asyncio

    if "tansu" in request.node.name:
        pytest.skip("Tansu does not take aiokafka's transactions")
    asyncio.run(in_transactions(bootstrap, topic))
    code, said = repartitioned(bootstrap, topic, "--partitions", 3)
    assert code == 0, said
    assert f"copied 40 records of '{topic}'" in said
    found = {record.key for record in consume_all(bootstrap, f"{topic}-3p")}
    assert found == {session(n)[0] for n in [*range(20), *range(40, 60)]}


def test_a_target_with_records_is_refused(bootstrap: str, topic: str):
    produce(bootstrap, topic, [session(number) for number in range(20)])
    assert repartitioned(bootstrap, topic, "--partitions", 2)[0] == 0
    code, said = repartitioned(bootstrap, topic, "--partitions", 2)
    assert code == 1
    assert f"topic '{topic}-2p' is there and holds records, of an unfinished copy" in said
    assert len(consume_all(bootstrap, f"{topic}-2p")) == 20
    code, said = repartitioned(bootstrap, topic, "--partitions", 2, "--to", topic)
    assert code == 1
    assert "choose another name" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_copy_leaves_nothing(bootstrap: str, topic: str, number: signal.Signals):
    produce(bootstrap, topic, (session(one) for one in range(3000)))
    command = [sys.executable, "-c", SLOW, "topics", "repartition", "--partitions", "2"]
    command += ["--bootstrap", bootstrap, "--topic", topic]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        copy = f"{topic}-2p"
        until(lambda: partition_counts(bootstrap, [copy])[copy], 60)
        until(lambda: ends_of(bootstrap, copy, 2) > 0, 60)
        process.send_signal(number)
        said = " ".join(process.communicate(timeout=30)[1].split())
    assert process.returncode == 1
    assert f"stopped by {number.name}: the unfinished copy was deleted again" in said
    assert "Traceback" not in said
    left = partition_counts(bootstrap, [f"{topic}-2p", f"{topic}-2p.dlq"])
    assert set(left.values()) == {0}


def ends_of(bootstrap: str, topic: str, partitions: int) -> int:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    found = consumer.end_offsets([TopicPartition(topic, number) for number in range(partitions)])
    consumer.close()
    return sum(found.values())


SLOW = """
import time
from hcdv_stream.broker import log_copy
from hcdv_stream.cli.main import run

log_copy._IN_FLIGHT = 10
wait = log_copy._wait_for_all

def wait_slowly(producer, waiting):
    wait(producer, waiting)
    time.sleep(0.05)

log_copy._wait_for_all = wait_slowly
run()
"""


def test_a_log_without_its_beginning_is_refused(bootstrap: str, topic: str):
    produce(bootstrap, topic, [session(number) for number in range(20)])
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        admin.delete_records({TopicPartition(topic, 0): 5})
    except KafkaConnectionError:
        pytest.skip("Tansu cannot delete records")
    finally:
        admin.close()
    code, said = repartitioned(bootstrap, topic, "--partitions", 2)
    assert code == 1
    assert "does not begin at its beginning any more (partition 0 at offset 5)" in said
    assert partition_counts(bootstrap, [f"{topic}-2p"]) == {f"{topic}-2p": 0}


def test_a_topic_that_is_not_there(bootstrap: str):
    code, said = repartitioned(bootstrap, "no-such-topic", "--partitions", 2)
    assert code == 1
    assert "there is no topic 'no-such-topic'" in said


def test_names_of_copies_do_not_grow():
    names = [copied_name("sessions", 8), copied_name("sessions-8p", 16), copied_name("a-1p-b", 2)]
    assert names == ["sessions-8p", "sessions-16p", "a-1p-b-2p"]
    assert all(one != two for one, two in pairwise(names))
