"""Temporary directories that a killed process leaves for the next one to remove.

Each is locked by its owner for as long as it lives; the kernel lets go of the lock however that
ends. What carries the prefix and can be locked belongs to nobody any more.
"""

import fcntl
import os
import shutil
from pathlib import Path
from tempfile import gettempdir, mkdtemp

_LOCK = "owner"
_UNFINISHED = "new-"


class Scratch:
    """A directory of one's own at ``path``, until ``remove`` or until the process is gone."""

    def __init__(self, prefix: str) -> None:
        """Make it in the temporary directory, and remove what dead owners left there.

        Its name gets the ``prefix`` once it is locked, so that nobody takes it for one of theirs.
        """
        for left in Path(gettempdir()).glob(f"{prefix}*"):
            _remove_unowned(left)
        made = Path(mkdtemp(prefix=_UNFINISHED + prefix))
        self._lock: int | None = _locked(made / _LOCK, os.O_CREAT)
        self.path = made.rename(made.with_name(made.name.removeprefix(_UNFINISHED)))

    def remove(self) -> None:
        """Remove it with all that is in it; a second time does nothing."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _remove_unowned(directory: Path) -> None:
    try:
        lock = _locked(directory / _LOCK)
    except OSError:  # alive, somebody else's, or gone meanwhile
        return
    shutil.rmtree(directory, ignore_errors=True)
    os.close(lock)


def _locked(path: Path, flags: int = 0) -> int:
    """Lock a file and return it open; raises OSError where somebody holds it."""
    lock = os.open(path, os.O_RDWR | flags, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise
    return lock
