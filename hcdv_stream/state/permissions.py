"""Directories that only their owner may enter: states hold ids, features and prices of sellers."""

from pathlib import Path

PRIVATE = 0o700


def make_private(directory: Path) -> None:
    """Make a directory and the missing ones above it, each for this user alone.

    One that is there keeps its mode. Raises OSError.
    """
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(PRIVATE, exist_ok=True)
    directory.mkdir(PRIVATE, exist_ok=True)


def is_private(directory: Path) -> bool:
    """Whether nobody but the owner may enter a directory that is there."""
    return not directory.stat().st_mode & 0o077
