"""Where answers are computed: long ones in a lane of their own, so that short ones never wait.

Two long computations run at once and the others wait their turn; whoever has no answer within
HCDV_API_TIMEOUT_SECONDS is told so. What is short runs in the default threads. Long work is cut
into pieces of a few milliseconds of Python, between which other threads get their turn.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from anyio.to_thread import run_sync

from hcdv_stream.api.models.answers import Model
from hcdv_stream.api.models.shards import (
    AHEAD,
    COALITION,
    FIND,
    SIZES,
    UPDATES,
    WHY,
    Find,
)

HEAVY_PLACES = 2
_FEW = 32
"""So many points by id are found at once while others wait: a millisecond."""
_SHORT = {operation.name for operation in (FIND, AHEAD, COALITION, SIZES, UPDATES, WHY)}

Result = TypeVar("Result")

_heavy: RunVar[CapacityLimiter] = RunVar("heavy")


async def run_heavy(function: Callable[..., Result], *given: object) -> Result:
    """Run a long computation in its turn."""
    try:
        lane = _heavy.get()
    except LookupError:
        lane = CapacityLimiter(HEAVY_PLACES)
        _heavy.set(lane)
    return await run_sync(partial(function, *given), abandon_on_cancel=True, limiter=lane)


async def run_question(name: str, function: Callable[..., Result], asked: object) -> Result:
    """Run what answers a shard's question of that name: points by id here and now."""
    if isinstance(asked, Find) and len(asked.ids) <= _FEW:
        return function(asked)
    if name in _SHORT:
        return await run_sync(partial(function, asked), abandon_on_cancel=True)
    return await run_heavy(function, asked)


def json_in_pieces(answer: Model, name: str) -> bytes:
    """Write an answer whose field of that name is a long list, one entry after the other."""
    entries: list[Model] = getattr(answer, name)
    empty = f'"{name}":'.encode()
    frame = answer.model_copy(update={name: []})
    head, _, tail = frame.__pydantic_serializer__.to_json(frame, by_alias=True).partition(
        empty + b"[]"
    )
    written = (entry.__pydantic_serializer__.to_json(entry, by_alias=True) for entry in entries)
    return b"".join((head, empty, b"[", b",".join(written), b"]", tail))
