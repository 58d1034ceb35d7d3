"""What can be wrong with a state directory, each said with the fix.

RocksDB reports every failure as text. ``cause_of`` is the one place that reads this text.
"""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hcdv_stream.errors import HcdvError

REBUILD = "move the directory away and restart, which rebuilds the state from the topic"

_CAUSES = {
    errno.EMFILE: (
        "this process has no file descriptors left",
        "raise its limit (`ulimit -n`, LimitNOFILE= of a systemd unit, ulimits of a container) "
        "and restart",
    ),
    errno.ENFILE: (
        "this machine has no file descriptors left",
        "raise fs.file-max or stop other programs, and restart",
    ),
    errno.ENOSPC: ("the disk is full", "free some space and restart"),
    errno.EDQUOT: ("the disk quota is used up", "raise the quota or free some space, and restart"),
    errno.EACCES: (
        "this user lacks the right to",
        "give the directory and all files in it to the user that runs this (`chown -R`), "
        "and restart",
    ),
    errno.EROFS: ("the file system is read-only", "mount it for writing and restart"),
    errno.EIO: (
        "the disk reports an error",
        "look for its errors in `dmesg`, replace the disk, and restart",
    ),
    errno.EFBIG: (
        "this process may not write a file of that size",
        "raise its limit (`ulimit -f`, LimitFSIZE= of a systemd unit) and restart",
    ),
    errno.ENOMEM: ("the machine has no memory left", "give it more and restart"),
}
_ALIKE = {errno.EPERM: errno.EACCES}
_FILE = re.compile(r"(?<![\w-])(\d+\.(?:sst|log)|MANIFEST-\d+|CURRENT|OPTIONS-\d+)\b")
_DAMAGED = re.compile("corrupt|checksum|mismatch|truncated|unrecognized|does not end|bad ", re.I)
_HELD = re.compile(
    rf"lock hold by current process|LOCK: ({os.strerror(errno.EAGAIN)}|{os.strerror(errno.ENOLCK)})"
)
_MISSING = re.compile("no such file|not ?found", re.I)


class StateError(HcdvError):
    """A state directory that cannot be used as it is."""


class StateLocked(StateError):  # noqa: N818 - says what is the case, as callers read it
    """Another process owns the state directory."""


def cause_of(error: BaseException) -> tuple[str, str]:
    """Return why a file operation failed, for a sentence after "because", and how to mend it."""
    text = str(error)
    for number in (*_CAUSES, *_ALIKE):
        if getattr(error, "errno", None) == number or os.strerror(number) in text:
            return _CAUSES[_ALIKE.get(number, number)]
    files = _FILE.findall(text)
    name = f"its file {files[-1]}" if files else "one of its files"
    if _DAMAGED.search(text):
        return f"{name} is damaged", REBUILD
    if _MISSING.search(text):
        return f"{name} is missing", REBUILD
    return f"of {text!r}", REBUILD


def explained(directory: Path, error: BaseException, done: str = "read") -> StateError:
    """Return the sentence for a failure of RocksDB or of a system call.

    ``done`` is what the directory cannot be: opened, read, written or closed.
    """
    if _HELD.search(str(error)):
        return StateLocked(
            f"{directory} is in use by another process: stop the other worker, "
            "or give this one a state directory of its own"
        )
    cause, fix = cause_of(error)
    return StateError(f"{directory} cannot be {done} because {cause}: {fix}")


@contextmanager
def explaining(directory: Path, done: str = "read") -> Iterator[None]:
    """Turn every failure in the block into a StateError that names the directory."""
    try:
        yield
    except StateLocked:
        raise
    except StateError as error:
        named = str(directory) in str(error)
        raise StateError(str(error) if named else f"{directory}: {error}") from error
    except Exception as error:  # rocksdict raises no other class
        raise explained(directory, error, done) from error
