"""What the worker asks before it opens the partitions that it was given."""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from hcdv_stream.worker.app import WorkerApp
from hcdv_stream.worker.kafka.log_range import LogError
from hcdv_stream.worker.run import stop_app


class Ownership:
    """Notes which partitions were opened."""

    def __init__(self) -> None:
        self.opened: list[int] = []

    async def resume(self, numbers: Iterable[int]) -> Mapping[int, str]:
        self.opened += numbers
        return dict.fromkeys(self.opened, "a partition")


class Guard:
    """Says whether it is the same log, or raises."""

    def __init__(self, answer: bool | LogError) -> None:
        self._answer = answer

    async def confirm(self) -> bool:
        if isinstance(self._answer, LogError):
            raise self._answer
        return self._answer


def resumed(answer: bool | LogError) -> tuple[Ownership, Coroutine[Any, Any, Mapping[int, Any]]]:
    """Give partitions 1 and 3 to a worker whose guard answers so."""
    ownership = Ownership()
    app: Any = SimpleNamespace(_guard=Guard(answer), _ownership=ownership)
    return ownership, WorkerApp.resume(app, [1, 3])


def test_no_partition_of_another_log_is_opened_after_a_rebalance():
    ownership, opening = resumed(LogError("partitions were added"))
    with pytest.raises(LogError, match="partitions were added"):
        asyncio.run(opening)
    assert not ownership.opened


def test_no_partition_is_opened_where_the_broker_does_not_say_before_the_worker_stops():
    ownership, opening = resumed(False)
    assert asyncio.run(opening) == {}
    assert not ownership.opened


def test_partitions_of_the_same_log_are_opened():
    _, opening = resumed(True)
    assert asyncio.run(opening).keys() == {1, 3}


def test_what_a_crash_cancels_does_not_hide_why_the_app_crashed():
    app = WorkerApp.__new__(WorkerApp)
    app._crashed, app._children, app._crash_reason = asyncio.Event(), [], None
    why = LogError("the log was cut")
    for reason in (asyncio.CancelledError(), why, asyncio.CancelledError(), ValueError("later")):
        app._crash(reason)
    assert app.crash_reason is why


def test_a_stop_that_fails_does_not_hide_why_the_app_crashed():
    """The thread that reads the log has crashed: nothing can be asked of it any more."""

    async def stop() -> None:
        raise RuntimeError("Event loop is closed")

    why = LogError("the log was cut")
    crashed: Any = SimpleNamespace(stop=stop, crash_reason=why)
    well: Any = SimpleNamespace(stop=stop, crash_reason=None)
    asyncio.run(stop_app(crashed, None))
    asyncio.run(stop_app(well, why))
    with pytest.raises(RuntimeError, match="Event loop is closed"):
        asyncio.run(stop_app(well, None))
