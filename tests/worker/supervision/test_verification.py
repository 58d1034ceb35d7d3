"""A running worker replays random leaves, and stops at one that differs."""

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from hcdv_stream.worker.ownership import Ownership
from hcdv_stream.worker.supervision.leaf_sample import MismatchError
from hcdv_stream.worker.supervision.verification import verify_leaves
from tests.worker.conftest import Workers
from tests.worker.harness import produce, session, state_bytes, stored, until, wait_for_offset
from tests.worker.tampering import tamper, tampered
from tests.worker.test_partition import Owner, log_of

LABELS = {"topic": "sessions", "partition": "0"}


def counted(owner: Owner, name: str) -> float:
    return owner.registry.get_sample_value(name, LABELS) or 0.0


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    made = Owner(tmp_path, CollectorRegistry())
    made.run(log_of(600))
    return made


async def watched(owner: Owner, seconds: float, until_verified: int) -> None:
    ownership = Ownership(lambda _: owner.open(), lock_seconds=1.0)
    ownership.assign()
    await ownership.resume([0])
    work = asyncio.ensure_future(verify_leaves(ownership, np.random.default_rng(1), seconds))
    try:
        while counted(owner, "hcdv_verified_leaves_total") < until_verified and not work.done():
            await asyncio.sleep(0.005)
        if work.done():
            work.result()
    finally:
        work.cancel()
        await asyncio.wait([work])
        await ownership.release()


def test_leaves_of_a_sound_state_are_verified_and_nothing_changes(owner: Owner) -> None:
    before = stored(owner.directory)
    asyncio.run(asyncio.wait_for(watched(owner, 0.001, 40), 60))
    after = stored(owner.directory)
    assert before is not None
    assert after is not None
    assert state_bytes(before) == state_bytes(after)
    assert counted(owner, "hcdv_verified_leaves_total") >= 40
    assert owner.registry.get_sample_value("hcdv_leaf_mismatches_total", LABELS) == 0.0


def test_values_that_a_replay_does_not_give_stop_it(owner: Owner) -> None:
    assert tamper(owner.directory)
    said = r"leaf \d+ of partition 0 differs from a replay \(its components differ .* in 1 rows"
    with pytest.raises(MismatchError, match=said) as caught:
        asyncio.run(asyncio.wait_for(watched(owner, 0.001, 10_000), 60))
    assert "hcdv-stream state verify" in str(caught.value)
    assert counted(owner, "hcdv_leaf_mismatches_total") == 1


@pytest.mark.parametrize("what", ["engine", "store"])
def test_engine_and_store_are_held_against_each_other(owner: Owner, what: str) -> None:
    partition, generator = owner.open(), np.random.default_rng(2)
    try:
        sample = partition.sample_leaf(generator)
        while not len(sample.leaf.examples):
            sample = partition.sample_leaf(generator)
        partition.verify(sample)
        if what == "engine":
            moved = replace(sample.leaf, centroid=np.roll(sample.leaf.centroid, 1))
            changed, said = replace(sample, leaf=moved), "stored otherwise than the engine has it"
        else:
            changed = replace(sample, stored=tampered(sample.stored))
            said = "stored otherwise than the engine has it"
        with pytest.raises(MismatchError, match=said):
            partition.verify(changed)
        with pytest.raises(MismatchError, match="it is not stored"):
            partition.verify(replace(sample, stored=None))
        with pytest.raises(MismatchError, match="2 of its evaluators belong to another leaf"):
            partition.verify(replace(sample, strays=2))
    finally:
        partition.close()


def test_before_the_first_write_there_is_nothing_to_verify(tmp_path: Path) -> None:
    partition = Owner(tmp_path).open()
    assert partition.sample_leaf(np.random.default_rng(0)) is None
    partition.close()


@pytest.mark.slow
@pytest.mark.broker
def test_a_worker_that_finds_a_mismatch_says_so_and_ends(
    bootstrap: str, topic: str, workers: Workers
) -> None:
    directory = workers.directory / "state" / topic / "0"
    produce(bootstrap, topic, [session(number) for number in range(300)])
    worker = workers.start(topic, verify_seconds="0.05")
    wait_for_offset(directory, 300, worker, 40)
    until(lambda: worker.metric("hcdv_verified_leaves_total") > 3, 30, "leaves verified")
    assert worker.metric("hcdv_leaf_mismatches_total") == 0
    worker.stop()

    tamper(directory)
    worker = workers.start(topic, verify_seconds="0.05")
    worker.wait_for("leaf differs from its replay", 40)
    # It consumes no more, and its metrics can still be scraped.
    assert worker.metric("hcdv_leaf_mismatches_total") == 1
    assert worker.metric("hcdv_assigned_partitions") == 0
    worker.process.terminate()
    assert worker.ends(20) == 1
    assert "differs from a replay (its components differ" in worker.said
    assert "Traceback" not in worker.output


@pytest.mark.slow
@pytest.mark.broker
def test_a_damaged_state_ends_a_worker_in_a_sentence_and_is_rebuilt_to_the_same_bytes(
    bootstrap: str, topic: str, workers: Workers
) -> None:
    directory = workers.directory / "state" / topic / "0"
    produce(bootstrap, topic, [session(number) for number in range(300)])
    for _ in range(2):  # the second one writes tables from what the first one left in its log
        worker = workers.start(topic)
        worker.wait_for("partition owned", 40)
        wait_for_offset(directory, 300, worker, 40)
        worker.stop()
    before = stored(directory)
    table = max(directory.glob("*.sst"), key=lambda path: path.stat().st_size)
    content = bytearray(table.read_bytes())
    content[len(content) // 3] ^= 1
    table.write_bytes(content)

    worker = workers.start(topic)
    assert worker.ends(40) == 1
    assert f"because its file {table.name} is damaged: move the directory away" in worker.said
    assert "Traceback" not in worker.output

    directory.rename(directory.with_name("damaged"))
    worker = workers.start(topic)
    wait_for_offset(directory, 300, worker, 40)
    worker.stop()
    after = stored(directory)
    assert before is not None
    assert after is not None
    assert state_bytes(before) == state_bytes(after)
