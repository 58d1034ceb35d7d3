"""An erasure that is late is measured, logged, and tried until it is done."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry

from hcdv_stream.settings import load_settings
from hcdv_stream.state import StateError
from hcdv_stream.worker.letters.dead_letter import Record
from hcdv_stream.worker.metrics.definitions import WorkerMetrics
from hcdv_stream.worker.ownership import Ownership
from hcdv_stream.worker.partition import Partition
from hcdv_stream.worker.supervision import erasure
from tests.worker.harness import session, small_bundle

SECONDS = 600.0


def test_an_erasure_that_fails_is_overdue_until_it_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(erasure, "_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(erasure, "_PAUSE_SECONDS", 0.01)
    registry = CollectorRegistry()
    settings = load_settings(state_dir=tmp_path, topic="sessions", erasure_seconds=SECONDS)
    partition = Partition.open(settings, 0, small_bundle(), WorkerMetrics(registry))
    records = [Record(n, *session(n), 2000.0 + n) for n in range(50)]
    records.append(Record(50, session(7)[0], None, 2050.0))
    partition.write(partition.apply(records, 51))
    ahead, refused = [0.0], [0]

    def measured(name: str) -> float | None:
        return registry.get_sample_value(name, {"topic": "sessions", "partition": "0"})

    def refuse() -> frozenset[str]:
        refused[0] += 1
        raise StateError("its disk is full: free some space and restart")

    async def until(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.01)

    async def follow() -> None:
        ownership = Ownership(lambda _: partition, lock_seconds=1.0)
        ownership.assign()
        await ownership.resume([0])
        context = SimpleNamespace(settings=settings, ownership=ownership)
        erasing = asyncio.ensure_future(
            erasure.erase_when_due(context, clock=lambda: time.time() + ahead[0])
        )
        await until(lambda: measured("hcdv_erasure_overdue_seconds") == 0)
        assert partition.erasure_due_since is not None
        with monkeypatch.context() as broken:
            broken.setattr(partition, "begin_erasure", refuse)
            ahead[0] = SECONDS + 100
            await until(lambda: refused[0] > 2)
            overdue = measured("hcdv_erasure_overdue_seconds")
            assert overdue is not None
            assert 100 <= overdue < 200
            assert measured("hcdv_erasures_total") == 0
        await until(lambda: measured("hcdv_erasures_total") == 1)
        await until(lambda: measured("hcdv_erasure_overdue_seconds") == 0)
        assert partition.erasure_due_since is None
        erasing.cancel()
        await ownership.release()

    asyncio.run(follow())
    said = [vars(one)["hcdv_fields"] for one in caplog.records if one.message == "erasure failed"]
    assert said
    assert "its disk is full" in said[0]["problem"]
