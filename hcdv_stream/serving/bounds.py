"""How much the HTTP connections of a process may take, and the reasons to close one."""

import logging
import resource
from dataclasses import dataclass
from enum import StrEnum

from hcdv_stream.runtime.logs import fields

log = logging.getLogger(__name__)

_LEAST = 8


class Reason(StrEnum):
    """Why the server closed a connection."""

    FULL = "full"
    SLOW = "slow"
    IDLE = "idle"
    UNREAD = "unread"
    HEAD = "head_too_large"
    PIPELINE = "pipeline_too_long"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What connections may take.

    ``connections`` are held at once; a new one beyond closes those that have waited longest for
    their client, or else those with requests waiting behind another. A request's head has at most
    ``head_bytes`` and ``headers`` lines, and is complete ``seconds`` after its first byte, or after
    the connection's begin. A client that does not read its answer for ``unread_seconds`` is left.
    ``pipelined`` requests may wait behind another.
    """

    connections: int = 512
    head_bytes: int = 32_768
    seconds: float = 10.0
    headers: int = 100
    keep_alive_seconds: int = 15
    unread_seconds: float = 30.0
    pipelined: int = 16
    body_left_bytes: int = 1 << 20
    body_left_seconds: float = 2.0


def affordable(connections: int) -> int:
    """Return how many connections half of the process's file descriptors allow, at most so many."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or connections <= soft // 2:
        return connections
    bound = max(soft // 2, _LEAST)
    log.info(
        "connections bounded by descriptors", extra=fields(connections=bound, descriptors=soft)
    )
    return bound
