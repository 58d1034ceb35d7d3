"""Workers that are killed: the same bytes in the end, every dead letter there, nothing doubled."""

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest

from hcdv_stream.broker.topics import Topic, create_topics
from hcdv_stream.state.stored import StoredPartition
from tests.worker.conftest import Workers
from tests.worker.harness import (
    WorkerProcess,
    consume_all,
    ids_of,
    produce,
    session,
    state_bytes,
    stored,
    until,
    wait_for_offset,
)

pytestmark = [pytest.mark.broker, pytest.mark.slow]

SESSIONS = 5000
POISON = 100

Records = Sequence[tuple[bytes | None, bytes | None]]


def sessions_with_poison(chance: random.Random) -> Records:
    """5,000 sessions, one in ten a replacement, deletions, and 100 poison messages among them.

    Every seventh is a copy of an earlier one under an id of its own.
    """
    log: list[tuple[bytes | None, bytes | None]] = []
    for number in range(SESSIONS):
        if number % 7 == 3:
            _, value = session(chance.randrange(number))
            like = orjson.loads(value or b"")
            same = {name: like[name] for name in ("features", "label")}
            log.append(session(number, **same))
        else:
            log.append(session(chance.randrange(number) if number % 10 == 9 else number))
        if number % 50 == 49:
            log.append((session(number - 41)[0], None))
    for n in range(POISON):
        bad = [b"poison", b"{}", session(1, label="perhaps")[1], session(1, features=[1])[1]]
        log.insert(chance.randrange(len(log)), (b"s000001", bad[n % len(bad)]))
    return log


def reference(
    workers: Workers, topic: str, offsets: Sequence[int], **changes: str
) -> list[StoredPartition]:
    """The states after one worker has had the whole topic to itself, undisturbed."""
    create_topics(workers.bootstrap, [Topic(f"{topic}.reference", 1)])
    worker = workers.start(
        topic,
        "reference",
        group=f"reference-{topic}",
        dead_letter_suffix=".reference",
        **changes,
    )
    states = []
    for number, offset in enumerate(offsets):
        directory = workers.directory / "reference" / topic / str(number)
        wait_for_offset(directory, offset, worker, 90)
        states.append(read(directory))
    worker.stop()
    return states


def read(directory: Path) -> StoredPartition:
    partition = stored(directory)
    assert partition is not None
    return partition


MOVING = {
    "trusted_mark": "true",
    "validation_most": "60",
    "validation_least": "20",
    "validation_horizon": "1500",
    "peer_horizon": "2000",
}


def with_trusted(log: Records, chance: random.Random) -> Records:
    """The same log, every eighth session of it trusted."""
    return [
        (key, value[:-1] + b',"trusted":true}')
        if value is not None and value.startswith(b'{"schema"') and chance.random() < 0.125
        else (key, value)
        for key, value in log
    ]


@pytest.mark.parametrize("moving", [False, True], ids=["V at rest", "V moving"])
def test_killed_at_random_and_still_the_same_bytes(
    bootstrap: str, topic: str, workers: Workers, pytestconfig: pytest.Config, moving: bool
):
    kills = pytestconfig.getoption("kills")
    chance = random.Random(20260131)
    log = sessions_with_poison(chance)
    drift = MOVING if moving else {}
    if moving:
        log = with_trusted(log, chance)
    produce(bootstrap, topic, log)
    directory = workers.directory / "state" / topic / "0"
    begin = time.monotonic()
    worker = workers.start(topic, poll_records="40", poll_seconds="0.05", **drift)
    for kill in range(kills):
        target = int(len(log) * (kill + chance.random()) / (kills + 0.5))
        wait_for_offset(directory, target, worker, 60)
        time.sleep(chance.random() * 0.05)
        assert read(directory).position.next_offset < len(log), "killed too late to matter"
        worker.kill()
        worker = workers.start(topic, poll_records="40", poll_seconds="0.05", **drift)
    wait_for_offset(directory, len(log), worker, 90)
    seconds = time.monotonic() - begin
    worker.stop()

    undisturbed = reference(workers, topic, [len(log)], **drift)[0]
    assert state_bytes(read(directory)) == state_bytes(undisturbed)
    assert (undisturbed.state.drift.retired > 100) == moving
    leaves = undisturbed.state.leaves.values()
    assert sum(int(leaf.examples.copies.sum()) for leaf in leaves) > SESSIONS // (
        20 if moving else 10
    )
    letters = consume_all(bootstrap, f"{topic}.dlq")
    poison = {offset for offset, (_, value) in enumerate(log) if is_poison(value)}
    assert len(poison) == POISON
    found = Counter(letter.key for letter in letters)
    sent = {f"{topic}/0/{offset}".encode() for offset in poison}
    # with V moving, ids of trusted sessions and of those that left V are refused as well
    assert set(found) >= sent if moving else set(found) == sent
    assert sum(found.values()) == len(found), "a dead letter was sent twice"
    print(f"{kills} kills: {seconds:.1f} s")


def is_poison(value: bytes | None) -> bool:
    return value is not None and (
        value in {b"poison", b"{}"} or b"perhaps" in value or b'"features":[1]' in value
    )


def owned(worker: WorkerProcess) -> int:
    return int(worker.metric("hcdv_assigned_partitions"))


def test_a_killed_worker_s_partitions_are_taken_over(
    bootstrap: str, wide_topic: str, workers: Workers
):
    topic = wide_topic
    first = [session(number) for number in range(2000)]
    placed = produce(bootstrap, topic, first)
    pair = [workers.start(topic), workers.start(topic)]
    until(lambda: [owned(worker) for worker in pair] == [2, 2], 60, "two partitions each")

    rest = [session(number) for number in range(1900, 4000)]
    producing = threading.Thread(target=lambda: placed.extend(produce(bootstrap, topic, rest)))
    producing.start()
    pair[0].kill()
    killed = time.monotonic()
    until(lambda: owned(pair[1]) == 4, 40, "the other owns all four")
    seconds = time.monotonic() - killed
    producing.join()
    ends = [max(o for p, o in placed if p == number) + 1 for number in range(4)]
    states = []
    for number, end in enumerate(ends):
        directory = workers.directory / "state" / topic / str(number)
        wait_for_offset(directory, end, pair[1], 40)
        states.append(read(directory))
    pair[1].stop()

    # Nothing lost, nothing doubled, and the same to the last bit as with one worker throughout.
    assert sum(state.state.header.records for state in states) == len(first) + len(rest)
    assert Counter(ids_of(states)) == Counter(f"s{number:06d}" for number in range(4000))
    for ours, one in zip(states, reference(workers, topic, ends), strict=True):
        assert state_bytes(ours) == state_bytes(one)
    print(f"taken over within {seconds:.1f} s")
