"""A pool of threads that all run from the start."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

_MOST = 32


def full_pool(name: str, threads: int | None = None) -> ThreadPoolExecutor:
    """Return a pool whose threads have all been started, by default as many as asyncio's own.

    asyncio's pool starts a thread whenever all others happen to be busy: for hours a process then
    grows by steps, each of a thread and its heap, as a leak does.
    """
    count = threads or min(_MOST, (os.cpu_count() or 1) + 4)
    pool = ThreadPoolExecutor(count, thread_name_prefix=name)
    together = threading.Barrier(count + 1)
    for _ in range(count):
        pool.submit(together.wait)
    together.wait()
    return pool
