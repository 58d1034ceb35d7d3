"""What was computed for one state and may be needed again for the next request."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

Result = TypeVar("Result", bound=tuple[Any, ...])

_ENTRY_BYTES = 250


class Remembered:
    """The last few results by name; many who ask at once wait for one computation."""

    def __init__(self, most: int = 4) -> None:
        self._most = most
        self._results: OrderedDict[Hashable, Any] = OrderedDict()
        self._running: dict[tuple[Hashable, int], asyncio.Task[Any]] = {}

    def __len__(self) -> int:
        return len(self._results)

    async def get(self, name: Hashable, make: Callable[[], Awaitable[Result]]) -> Result:
        """Return the result of that name; ``make`` it if it is not known.

        Whoever stops waiting does not stop the computation: others may wait for it.
        """
        if name in self._results:
            self._results.move_to_end(name)
            known: Result = self._results[name]
            return known
        place = (name, id(asyncio.get_running_loop()))
        task = self._running.get(place)
        if task is None:
            task = asyncio.ensure_future(self._make(name, make))
            self._running[place] = task
            task.add_done_callback(lambda done: self._done(place, done))
        made: Result = await asyncio.shield(task)
        return made

    async def _make(self, name: Hashable, make: Callable[[], Awaitable[Result]]) -> Result:
        result = await make()
        self._results[name] = result
        while len(self._results) > self._most:
            self._results.popitem(last=False)
        return result

    def _done(self, place: tuple[Hashable, int], task: asyncio.Task[Any]) -> None:
        self._running.pop(place, None)
        if not task.cancelled():
            task.exception()  # told to those who wait; if nobody does, to nobody

    @property
    def held_bytes(self) -> int:
        """Bytes of the lists in the results, about."""
        parts = [part for result in list(self._results.values()) for part in result]
        return _ENTRY_BYTES * sum(len(part) for part in parts if isinstance(part, list))

    def clear(self) -> None:
        """Forget all results."""
        self._results.clear()
