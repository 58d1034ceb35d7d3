"""Who holds the lock of a state directory, asked without taking it."""

import fcntl
import os
import struct
from pathlib import Path

_FLOCK = "hhqqi"
"""C's ``struct flock`` with 64-bit offsets: type, whence, start, length, process."""


def lock_holder(lock: Path) -> int | None:
    """Return the process that holds RocksDB's lock file, None where nobody does.

    It only asks (``F_GETLK``), so a worker that is just starting is not disturbed. The number is 0
    for a process of another container. A process must not ask for a lock that it holds itself:
    closing the file would give the lock up.
    """
    try:
        with lock.open("rb+") as file:
            question = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            kind, _, _, _, holder = struct.unpack(
                _FLOCK, fcntl.fcntl(file, fcntl.F_GETLK, question)[: struct.calcsize(_FLOCK)]
            )
    except OSError:
        return None
    return holder if kind != fcntl.F_UNLCK else None
