"""The name under which the group remembers a worker over a restart (``group.instance.id``).

It belongs to the state directory, since what a worker needs back are the partitions whose states
lie there. Workers that share a directory take one of its names each, held by a lock that dies with
the process; which of them takes which does not matter, they have the same states.
"""

import fcntl
import hashlib
import os
import uuid
from pathlib import Path
from typing import IO

from hcdv_stream.errors import HcdvError
from hcdv_stream.settings import Settings
from hcdv_stream.state.errors import cause_of
from hcdv_stream.state.permissions import make_private

AUTO, NONE = "auto", "none"
FOLDER = ".members"
"""The names' folder in the state directory."""


class InstanceError(HcdvError):
    """A name that cannot be taken."""


class Instance:
    """A name held by this process; ``name`` is None where the group should not remember it."""

    def __init__(self, name: str | None, lock: IO[str] | None) -> None:
        self.name = name
        self._lock = lock

    @classmethod
    def take(cls, settings: Settings) -> "Instance":
        """Take the name that HCDV_INSTANCE asks for; raises InstanceError."""
        if settings.instance == NONE:
            return cls(None, None)
        folder = settings.state_dir / FOLDER
        whose = hashlib.sha256(f"{settings.group}/{settings.topic}".encode()).hexdigest()[:16]
        try:
            make_private(folder)
            if settings.instance != AUTO:
                return cls._named(settings, folder / f"{whose}-{settings.instance}")
            number = 0
            while (lock := _locked(folder / f"{whose}.{number}")) is None:
                number += 1
            return cls(_text(lock), lock)
        except OSError as error:
            why, fix = cause_of(error)
            raise InstanceError(
                f"{folder} cannot be written to, because {why}: {fix}, or choose another "
                "HCDV_STATE_DIR"
            ) from error

    @classmethod
    def _named(cls, settings: Settings, path: Path) -> "Instance":
        lock = _locked(path)
        if lock is None:
            raise InstanceError(
                f"HCDV_INSTANCE={settings.instance} is taken by another worker on "
                f"HCDV_STATE_DIR={settings.state_dir}: give each worker a name of its own, or "
                f"leave it at {AUTO}"
            )
        return cls(settings.instance, lock)

    def release(self) -> None:
        """Let another process take the name; harmless when done before."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _locked(path: Path) -> IO[str] | None:
    """Open and lock a file; None where another process has locked it."""
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _text(file: IO[str]) -> str:
    """Return the name that a locked file holds; a file without one gets a new name."""
    file.seek(0)
    name = file.read().strip()
    if not name:
        name = str(uuid.uuid4())
        file.write(name)
        file.flush()
        os.fsync(file.fileno())
    return name
