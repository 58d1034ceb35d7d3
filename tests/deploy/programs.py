"""Programs that the tests run and that no Python package brings."""

import shutil


def program(name: str) -> str:
    """Path of a program of Debian's package ``prometheus``; fails where it is not installed."""
    path = shutil.which(name)
    assert path, f"{name} is not installed: apt-get install prometheus"
    return path
