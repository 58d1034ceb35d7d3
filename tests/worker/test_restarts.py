"""Workers that restart come back to their partitions; only one that is gone loses them."""

import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import orjson
import pytest
from kafka import KafkaAdminClient

from hcdv_stream.broker.groups import group_facts
from tests.worker.conftest import Workers
from tests.worker.harness import WorkerProcess, produce, session, stored, until, wait_for_offset

pytestmark = [pytest.mark.broker, pytest.mark.slow]

NAMES = ("one", "two")
BATCH = 40


class Pair:
    """Two workers of one group, each with a state directory of its own."""

    def __init__(self, workers: Workers, topic: str) -> None:
        self._workers = workers
        self._topic = topic
        self.placed: list[tuple[int, int]] = []
        self.running = {name: self._start(name) for name in NAMES}
        until(lambda: all(len(n) == 2 for n in self.owners().values()), 120, "two partitions each")

    def _start(self, name: str) -> WorkerProcess:
        return self._workers.start(self._topic, name, session_timeout_seconds="180")

    def owners(self) -> dict[str, list[int]]:
        """The partitions that each worker owned last, by the names of state directories."""
        return {name: sorted(owned(worker)) for name, worker in self.running.items()}

    def restart(self, names: tuple[str, ...], end: Callable[[WorkerProcess], object]) -> float:
        """End and start some of them; return the seconds until all partitions are owned again."""
        begin = time.time()
        ending = [threading.Thread(target=end, args=[self.running[name]]) for name in names]
        for thread in ending:
            thread.start()
        for thread in ending:
            thread.join()
        for name in names:
            self.running[name] = self._start(name)
        started = [self.running[name] for name in names]
        until(lambda: all(len(owned(worker)) == 2 for worker in started), 120, "owners")
        times = [event["time"] for w in started for event in w.events("partition owned")]
        return datetime.fromisoformat(max(times)).timestamp() - begin

    @contextmanager
    def fed(self, bootstrap: str) -> Iterator[None]:
        """Produce all the time."""
        done = threading.Event()

        def feed() -> None:
            number = 0
            while not done.wait(0.2):
                batch = [session(n) for n in range(number, number + BATCH)]
                self.placed += produce(bootstrap, self._topic, batch)
                number += BATCH

        feeding = threading.Thread(target=feed)
        feeding.start()
        try:
            yield
        finally:
            done.set()
            feeding.join()

    def records(self) -> dict[str, dict[int, int]]:
        """How many records each state directory's states took, once all are there."""
        ends = {p: max(o for q, o in self.placed if q == p) + 1 for p in range(4)}
        owners = {p: name for name, numbers in self.owners().items() for p in numbers}
        for number, end in ends.items():
            directory = self._directory(owners[number], number)
            wait_for_offset(directory, end, self.running[owners[number]], 60)
        return {
            name: {
                number: state.state.header.records
                for number in range(4)
                if (state := stored(self._directory(name, number))) is not None
            }
            for name in NAMES
        }

    def _directory(self, name: str, number: int) -> Path:
        return self._workers.directory / name / self._topic / str(number)


@pytest.fixture
def pair(bootstrap: str, wide_topic: str, workers: Workers) -> Pair:
    if not group_facts(bootstrap, "any", wide_topic).forgets_names:
        pytest.skip("Tansu never forgets a named member, so workers join it without a name")
    return Pair(workers, wide_topic)


def kill(worker: WorkerProcess) -> None:
    worker.kill()


def test_restarted_together_and_rolling_nothing_is_replayed(
    bootstrap: str, pair: Pair, pytestconfig: pytest.Config
):
    owners, pauses = pair.owners(), []
    with pair.fed(bootstrap):
        for number in range(pytestconfig.getoption("kills")):
            end = kill if number % 2 else WorkerProcess.stop
            for names in (NAMES, NAMES[:1], NAMES[1:]):
                pauses.append(pair.restart(names, end))
                assert {name: pair.owners()[name] for name in names} == {
                    name: owners[name] for name in names
                }
    # A record that was read again into another state would be counted there.
    counted = pair.records()
    assert {name: sorted(numbers) for name, numbers in counted.items()} == owners
    assert sum(n for numbers in counted.values() for n in numbers.values()) == len(pair.placed)
    print(f"{len(pauses)} restarts, pauses {sorted(round(p, 2) for p in pauses)}")


def owned(worker: WorkerProcess) -> dict[int, int]:
    """The partitions that a worker owns now, and the offset at which it went on."""
    assert worker.process.poll() is None, worker.output
    found: dict[int, int] = {}
    for line in worker.output.splitlines():
        entry = orjson.loads(line) if line.startswith("{") else {"event": ""}
        if entry["event"] == "partitions taken back":
            found.clear()
        elif entry["event"] == "partition owned":
            found[entry["partition"]] = entry["offset"]
    return found


def wait_until_owned(worker: WorkerProcess, count: int) -> dict[int, int]:
    until(lambda: len(owned(worker)) == count, 120, f"{count} partitions")
    return owned(worker)


def wait_for_all(
    workers: Workers, topic: str, name: str, worker: WorkerProcess, placed: list[tuple[int, int]]
) -> None:
    """Wait until a worker has done everything in the partitions that it owns."""
    for number in owned(worker):
        end = max(offset for partition, offset in placed if partition == number) + 1
        wait_for_offset(workers.directory / name / topic / str(number), end, worker, 60)


def test_a_worker_that_is_gone_loses_its_partitions_and_gets_them_back(
    bootstrap: str, wide_topic: str, workers: Workers
):
    topic = wide_topic
    placed = produce(bootstrap, topic, [session(number) for number in range(400)])
    one = workers.start(topic, "one")
    wait_until_owned(one, 4)
    two = workers.start(topic, "two")
    theirs = wait_until_owned(two, 2)
    wait_for_all(workers, topic, "two", two, placed)
    two.kill()
    wait_until_owned(one, 4)
    placed += produce(bootstrap, topic, [session(number) for number in range(400, 800)])
    wait_for_all(workers, topic, "one", one, placed)
    two = workers.start(topic, "two")
    back = wait_until_owned(two, 2)
    assert sorted(back) == sorted(theirs)
    assert all(back.values()), "begun anew although its state was there"
    wait_for_all(workers, topic, "two", two, placed)


def test_the_first_to_come_back_leaves_the_others_partitions_alone(
    bootstrap: str, wide_topic: str, workers: Workers
):
    """Both were away for longer than a session, so the group has forgotten them."""
    topic, group = wide_topic, f"group-of-{wide_topic}"
    placed = produce(bootstrap, topic, [session(number) for number in range(400)])
    one, two = (workers.start(topic, name) for name in NAMES)
    until(lambda: len(owned(one)) == len(owned(two)) == 2, 120, "two each")
    owners = sorted(owned(one)), sorted(owned(two))
    for name, worker in zip(NAMES, (one, two), strict=True):
        wait_for_all(workers, topic, name, worker, placed)
    for worker in (one, two):
        worker.process.send_signal(signal.SIGTERM)
    for worker in (one, two):
        assert worker.ends(20) == 0, worker.output
    until(lambda: members(bootstrap, group) == 0, 30, "the group has forgotten both")
    # A time when one worker had everything may have left as good a state of the other's partitions.
    for name, numbers in zip(NAMES, reversed(owners), strict=True):
        for number in numbers:
            shutil.rmtree(workers.directory / name / topic / str(number), ignore_errors=True)
    one = workers.start(topic, "one", session_timeout_seconds="30")
    waiting = one.wait_for("partitions wait for the worker that holds their state")
    assert waiting["partitions"] == owners[1]
    two = workers.start(topic, "two", session_timeout_seconds="30")
    until(lambda: sorted(owned(two)) == owners[1], 120, "its own two")
    assert sorted(wait_until_owned(one, 2)) == owners[0]
    assert all(owned(one).values())
    assert all(owned(two).values())
    ever = {event["partition"] for event in one.events("partition owned")}
    assert ever == set(owners[0]), "it had others meanwhile"


def test_a_partition_whose_state_is_lost_is_begun_anew_after_a_while(
    bootstrap: str, wide_topic: str, workers: Workers
):
    topic, group = wide_topic, f"group-of-{wide_topic}"
    placed = produce(bootstrap, topic, [session(number) for number in range(400)])
    worker = workers.start(topic, "one")
    wait_until_owned(worker, 4)
    wait_for_all(workers, topic, "one", worker, placed)
    worker.stop()
    until(lambda: members(bootstrap, group) == 0, 30, "the group has forgotten it")
    shutil.rmtree(workers.directory / "one" / topic / "3")
    worker = workers.start(topic, "one")
    assert 3 not in wait_until_owned(worker, 3)
    waiting = worker.wait_for("partitions wait for the worker that holds their state")
    assert waiting["partitions"] == [3]
    assert wait_until_owned(worker, 4)[3] == 0
    wait_for_all(workers, topic, "one", worker, placed)


def test_a_second_worker_of_the_same_name_is_fenced_with_a_sentence(
    bootstrap: str, wide_topic: str, workers: Workers
):
    if not group_facts(bootstrap, "any", wide_topic).forgets_names:
        pytest.skip("workers join Tansu without a name")
    first = workers.start(wide_topic, "one", instance="a")
    wait_until_owned(first, 4)
    second = workers.start(wide_topic, "two", instance="a")
    assert first.ends(120) == 1
    assert "has joined under the name of this one, HCDV_INSTANCE=a: give each" in first.said
    assert "Traceback" not in first.output
    wait_until_owned(second, 4)
    third = workers.start(wide_topic, "two", instance="a")
    assert third.ends(120) == 1
    assert "HCDV_INSTANCE=a is taken by another worker on HCDV_STATE_DIR=" in third.said
    assert second.process.poll() is None


def test_workers_on_one_state_directory_are_members_each(wide_topic: str, workers: Workers):
    pair = [workers.start(wide_topic), workers.start(wide_topic)]
    until(lambda: [len(owned(worker)) for worker in pair] == [2, 2], 120, "two each")


def test_partitions_are_taken_up_without_waiting_for_fetches(
    bootstrap: str, wide_topic: str, workers: Workers
):
    """Each question behind a fetch took a second and a half, two for each partition."""
    if not group_facts(bootstrap, "any", wide_topic).forgets_names:
        pytest.skip("Tansu is asked by fetches in any case")
    worker = workers.start(wide_topic)
    wait_until_owned(worker, 4)
    times = [event["time"] for event in worker.events("partition owned")]
    first, last = map(datetime.fromisoformat, (min(times), max(times)))
    assert (last - first).total_seconds() < 6


def members(bootstrap: str, group: str) -> int:
    """How many members a group has; members leave Tansu when they stop."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        return len(admin.describe_groups([group])[group]["members"])
    except ValueError:  # kafka-python cannot read Tansu's answer
        return 0
    finally:
        admin.close()
