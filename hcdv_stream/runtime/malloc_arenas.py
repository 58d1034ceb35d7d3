"""How many heaps glibc keeps for the threads of a process that serves for long.

By default there are up to eight per processor. Threads come and go, and a long computation lands in
any heap. So each grows to the largest need that it ever met, for hours, though the process holds no
more than before. With few heaps, what one thread frees serves the next.
"""

import ctypes
from contextlib import suppress

_M_ARENA_MAX = -8
_MOST_ARENAS = 2


def limit_malloc_arenas() -> None:
    """Let threads that begin from here on share two heaps; do nothing without glibc."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _MOST_ARENAS)
