"""Partitions are opened when given, closed when taken, and a lock is waited for, not for ever."""

import asyncio
import threading
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from hcdv_stream.settings import load_settings
from hcdv_stream.state import StateError, StateLocked
from hcdv_stream.worker.metrics.definitions import WorkerMetrics
from hcdv_stream.worker.ownership import Ownership
from hcdv_stream.worker.partition import Partition
from tests.worker.harness import small_bundle

BUNDLE = small_bundle()


class Shelf:
    """Opens real partitions; may be made to wait before it does."""

    def __init__(self, directory: Path):
        self.settings = load_settings(state_dir=directory)
        self.gate = threading.Event()
        self.gate.set()
        self.opening = threading.Event()

    def __call__(self, number: int) -> Partition:
        self.opening.set()
        self.gate.wait(10)
        return Partition.open(self.settings, number, BUNDLE, WorkerMetrics(CollectorRegistry()))


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_nothing_is_opened_before_the_group_has_decided(shelf: Shelf):
    async def scenario() -> None:
        ownership = Ownership(shelf, lock_seconds=0.2)
        assert await ownership.resume([0, 1]) == {}
        ownership.assign()
        opened = await ownership.resume([0, 1])
        assert sorted(opened) == [0, 1]
        assert await ownership.resume([1]) == {1: opened[1]}
        await ownership.release()
        assert not ownership.partitions
        assert await ownership.resume([0]) == {}
        shelf(0).close()

    asyncio.run(scenario())


def test_a_lock_is_waited_for(shelf: Shelf):
    async def scenario() -> None:
        other = shelf(0)
        ownership = Ownership(shelf, lock_seconds=5.0)
        ownership.assign()
        waiting = asyncio.ensure_future(ownership.resume([0]))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        other.close()
        assert sorted(await waiting) == [0]
        await ownership.release()

    asyncio.run(scenario())


def test_a_lock_is_not_waited_for_for_ever(shelf: Shelf):
    async def scenario() -> None:
        other = shelf(0)
        ownership = Ownership(shelf, lock_seconds=0.3)
        ownership.assign()
        with pytest.raises(StateLocked, match="in use by another process"):
            await ownership.resume([0])
        other.close()

    asyncio.run(scenario())


def test_a_rebalance_amid_opening_leaves_no_lock_behind(shelf: Shelf):
    async def scenario() -> None:
        ownership = Ownership(shelf, lock_seconds=1.0)
        ownership.assign()
        shelf.gate.clear()
        seeking = asyncio.ensure_future(ownership.resume([0, 1]))
        await asyncio.to_thread(shelf.opening.wait, 5)
        seeking.cancel()
        releasing = asyncio.ensure_future(ownership.release())
        await asyncio.sleep(0.05)
        assert not releasing.done()
        shelf.gate.set()
        await releasing
        assert not ownership.partitions
        for number in (0, 1):
            shelf(number).close()

    asyncio.run(scenario())


def test_one_that_cannot_be_closed_well_does_not_keep_the_others_open(shelf: Shelf):
    async def scenario() -> None:
        ownership = Ownership(shelf, lock_seconds=0.2)
        ownership.assign()
        opened = await ownership.resume([0, 1])
        store = opened[0]._store
        database, store._database = store._database, Refusing()
        with pytest.raises(StateError, match="cannot be closed because the disk is full"):
            await ownership.release()
        database.close()
        assert not ownership.partitions
        shelf(0).close()
        shelf(1).close()

    asyncio.run(scenario())


class Refusing:
    """A database on a full disk."""

    def close(self) -> None:
        raise Exception("IO error: No space left on device")
