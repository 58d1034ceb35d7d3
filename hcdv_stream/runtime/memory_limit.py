"""How much memory this process may take: the container's limit, else what the machine has."""

import os
from pathlib import Path

_GROUP = Path("/sys/fs/cgroup")
_FILES = ("memory.max", "memory/memory.limit_in_bytes")
"""Of control groups version 2 and 1, as a container sees its own."""


def memory_limit(group: Path = _GROUP) -> float:
    """Return the least of the container's limit and the machine's memory, in bytes."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limits = [machine]
    for name in _FILES:
        try:
            limits.append(int((group / name).read_text()))
        except (OSError, ValueError):  # no such version, or "max"
            continue
    return float(min(limits))
