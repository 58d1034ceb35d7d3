"""What the owner of a partition says of it, and that a heartbeat never stops a worker."""

import subprocess
import sys
import time

import pytest
from prometheus_client import CollectorRegistry

from hcdv_stream.state.heartbeat import NAME, LogEnd, read_heartbeat
from hcdv_stream.worker.metrics.definitions import WorkerMetrics
from hcdv_stream.worker.supervision.heartbeat_writer import HeartbeatWriter
from hcdv_stream.worker.supervision.heartbeats import mark_moved
from tests.api.world import Owner

_HOLD = "import fcntl, sys; f = open(sys.argv[1], 'rb+'); fcntl.lockf(f, fcntl.LOCK_EX); print(1, flush=True); sys.stdin.read()"  # noqa: E501


BASE = 4e9  # after the start of this process


class Clock:
    now = BASE

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def failures():
    return WorkerMetrics(CollectorRegistry()).heartbeat_failures


def test_held_is_the_last_answer_whose_end_was_reached(tmp_path, clock, failures):
    writer = HeartbeatWriter(tmp_path, failures, clock)
    writer.write(0, 0)
    first = read_heartbeat(tmp_path, clock.now)
    assert (first.checked, first.held, first.owned) == (None, None, True)
    for second, (end, reached, held) in enumerate(
        [(10, 10, 0), (10, 10, 1), (30, 12, 1), (40, 30, 2), (50, 49, 3), (50, 50, 5)]
    ):
        clock.now = BASE + second
        writer.record_log_end(LogEnd(clock.now, end))
        writer.write(reached, reached)
        beat = read_heartbeat(tmp_path, clock.now)
        assert beat.checked == LogEnd(clock.now, end)
        assert beat.held.at == BASE + held
        assert beat.held.offset <= reached
    assert beat.owned_since == BASE


def test_markers_of_transactions_are_progress(tmp_path, clock, failures):
    writer = HeartbeatWriter(tmp_path, failures, clock)
    writer.record_log_end(LogEnd(clock.now, 41))
    writer.write(40, 41)
    beat = read_heartbeat(tmp_path, clock.now)
    assert (beat.next_offset, beat.position, beat.held) == (40, 41, LogEnd(BASE, 41))


def test_the_last_beat_says_that_it_is_the_last(tmp_path, clock, failures):
    writer = HeartbeatWriter(tmp_path, failures, clock)
    writer.record_log_end(LogEnd(clock.now, 5))
    clock.now = BASE + 7
    writer.release(5, 5)
    writer.write(6, 6)  # a thread that comes too late
    beat = read_heartbeat(tmp_path, clock.now)
    assert (beat.released_at, beat.next_offset, beat.moved) == (BASE + 7, 5, False)
    # The next owner knows what this one knew of the log.
    clock.now = BASE + 50
    HeartbeatWriter(tmp_path, failures, clock).write(5, 5)
    beat = read_heartbeat(tmp_path, clock.now)
    assert beat.owned
    assert (beat.checked, beat.owned_since) == (LogEnd(BASE, 5), BASE + 50)


def test_one_that_cannot_be_written_is_said_once_and_counted(tmp_path, clock, failures, caplog):
    (tmp_path / NAME).mkdir()
    writer = HeartbeatWriter(tmp_path, failures, clock)
    for _ in range(3):
        writer.write(1, 1)
    assert failures._value.get() == 3
    assert [record.message for record in caplog.records] == ["heartbeat not written"]
    (tmp_path / NAME).rmdir()
    writer.write(1, 1)
    assert read_heartbeat(tmp_path, clock.now) is not None


@pytest.fixture
def topic_directory(tmp_path):
    for number in range(3):
        owner = Owner(tmp_path, number, topic="t")
        owner.apply(owner.batch(10))
        owner.store.close()
    return tmp_path / "t"


def moved(topic_directory):
    found = {
        int(path.name): read_heartbeat(path, time.time() + 1e6)
        for path in topic_directory.iterdir()
    }
    return {number for number, beat in found.items() if beat and beat.moved}


def test_what_others_got_is_marked_unless_somebody_here_has_it(topic_directory):
    now = time.time()
    mark_moved(topic_directory, {0}, now)
    assert moved(topic_directory) == set(), "somebody here may be about to open it"
    (topic_directory / "2" / NAME).unlink()  # of a version that wrote none
    command = [sys.executable, "-c", _HOLD, str(topic_directory / "1" / "LOCK")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"1\n"
        mark_moved(topic_directory, {0}, now + 60)
        assert moved(topic_directory) == {2}
        holder.communicate()
    mark_moved(topic_directory, {0}, now + 60)
    assert moved(topic_directory) == {1, 2}
    before = (topic_directory / "1" / NAME).read_bytes()
    mark_moved(topic_directory, {0}, now + 90)
    assert (topic_directory / "1" / NAME).read_bytes() == before, "since when is not changed"


def test_nothing_is_marked_where_there_is_no_state(tmp_path):
    mark_moved(tmp_path / "none", {0}, 1e9)
    (tmp_path / "7").mkdir()
    (tmp_path / "snapshots").mkdir()
    mark_moved(tmp_path, {0}, 1e9)
    assert list((tmp_path / "7").iterdir()) == []
