"""Where answers are computed: long ones apart, so that short ones never wait for them.

One long computation runs at a time and the others wait their turn; a client that has no answer
within HCDV_API_TIMEOUT_SECONDS gets an error. Short ones run in the default threads. Long work is
cut into pieces of a few milliseconds of Python, between which other threads get their turn. Two at
a time would be done no sooner, as Python runs one thread at a time, and short ones would wait more.
"""

from collections.abc import Callable
from enum import Enum, auto
from functools import partial
from typing import TypeVar

from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from anyio.to_thread import run_sync

from hcdv_stream.api.models.answers import Model

HEAVY_PLACES = 1

Result = TypeVar("Result")

_heavy: RunVar[CapacityLimiter] = RunVar("heavy")


class Executor(Enum):
    """Where a computation runs."""

    LOOP = auto()
    """Here and now, while all other requests wait: a millisecond at most."""
    THREAD = auto()
    """In one of the default threads: short, or waiting for others."""
    HEAVY = auto()
    """In the thread for long computations."""


async def run_on(executor: Executor, function: Callable[..., Result], *given: object) -> Result:
    """Run a computation on an executor."""
    if executor is Executor.LOOP:
        return function(*given)
    if executor is Executor.THREAD:
        return await run_sync(partial(function, *given), abandon_on_cancel=True)
    return await run_heavy(function, *given)


async def run_heavy(function: Callable[..., Result], *given: object) -> Result:
    """Run a long computation in its turn."""
    try:
        limiter = _heavy.get()
    except LookupError:
        limiter = CapacityLimiter(HEAVY_PLACES)
        _heavy.set(limiter)
    return await run_sync(partial(function, *given), abandon_on_cancel=True, limiter=limiter)


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
