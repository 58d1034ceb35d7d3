"""Random leaves verified while the worker runs: stored record, engine's memory and a replay agree.

A leaf is drawn while no poll is worked on, which takes a look-up. It is replayed from what was
drawn, which nobody changes, while polls go on. Nothing here changes engine or store.
"""

import asyncio
import time
from collections.abc import Callable
from typing import NoReturn, TypeVar

import numpy as np

from hcdv_stream.worker.ownership import Ownership

Argument = TypeVar("Argument")
Result = TypeVar("Result")

_MOST_OF_A_CORE = 0.01
"""Share of a processor that verifying may take, whatever the interval."""


async def verify_leaves(
    ownership: Ownership, generator: np.random.Generator, seconds: float
) -> NoReturn:
    """Verify a random leaf every ``seconds``, or more rarely if that takes long; 0: none.

    Raises MismatchError for one that differs.
    """
    taken = 0.0
    while True:
        if not seconds:
            await asyncio.Event().wait()
        await asyncio.sleep(max(seconds, taken / _MOST_OF_A_CORE))
        taken = await _verify_one(ownership, generator)


async def _verify_one(ownership: Ownership, generator: np.random.Generator) -> float:
    """Verify a leaf of a partition at random; return the processor time that it took."""
    async with ownership.busy:
        numbers = sorted(ownership.partitions)
        if not numbers:
            return 0.0
        partition = ownership.partitions[numbers[int(generator.integers(len(numbers)))]]
        sample, drawing = await _finished(partition.sample_leaf, generator)
    if sample is None:
        return drawing
    _, replaying = await _finished(partition.verify, sample)
    return drawing + replaying


async def _finished(act: Callable[[Argument], Result], argument: Argument) -> tuple[Result, float]:
    """Run in a thread and return the processor time besides; a cancelled wait lets it finish."""
    work = asyncio.ensure_future(asyncio.to_thread(_timed, act, argument))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


def _timed(act: Callable[[Argument], Result], argument: Argument) -> tuple[Result, float]:
    begin = time.thread_time()
    return act(argument), time.thread_time() - begin
