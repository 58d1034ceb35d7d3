"""What a deployment's files say of one of our processes, in one form for all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Secret:
    """A setting whose value comes from a secret of the cluster."""

    name: str


@dataclass(frozen=True)
class Service:
    """``command`` follows the program; ``probes`` are paths on ``port``, which is listened on.

    ``mounts`` are the paths that it can write to or that are brought in from outside. Services of
    one ``state`` share its directory.
    """

    command: Sequence[str]
    environment: Mapping[str, str | Secret]
    probes: Sequence[str] = ()
    port: int = 0
    mounts: Sequence[str] = field(default_factory=tuple)
    stop_seconds: float = 30.0
    state: str = "state"
