"""ASGI middleware: answers requests for names of this machine alone, where only it may ask.

A page of a stranger's site can have its name resolve to 127.0.0.1 and then read whatever listens
there without a key (DNS rebinding). The browser still sends the site's name as ``Host``.
"""

import ipaddress
import re
from collections.abc import Callable, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")
_OWN = ("localhost", "127.0.0.1", "::1")

Refuse = Callable[[Scope, str], ASGIApp]


class KnownHosts:
    """Passes on what is asked of a known name; ``refuse`` makes the answer to anything else."""

    def __init__(self, app: ASGIApp, names: Sequence[str], refuse: Refuse) -> None:
        self._app = app
        self._refuse = refuse
        self._names = frozenset(name.lower().strip("[]").rstrip(".") for name in names)
        self._seen: set[bytes] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        app = self._app if scope["type"] != "http" else self._chosen(scope)
        await app(scope, receive, send)

    def _chosen(self, scope: Scope) -> ASGIApp:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) == 1 and (hosts[0] in self._seen or self._knows(hosts[0])):
            return self._app
        if not hosts and scope.get("http_version") == "1.0":  # old probes send none; browsers do
            return self._app
        return self._refuse(scope, b", ".join(hosts).decode("latin-1")[:100])

    def _knows(self, host: bytes) -> bool:
        known = _name(host) in self._names
        if known and len(self._seen) < 100:
            self._seen.add(host)
        return known


def known_names(host: str, allowed: Sequence[str]) -> tuple[str, ...] | None:
    """Return the names that requests may be for, None where any will do.

    They are checked on an address that only this machine reaches, and where names were ``allowed``.
    """
    if not allowed and not is_loopback(host):
        return None
    return (*_OWN, host, *allowed)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _name(host: bytes) -> str | None:
    found = _HOST.fullmatch(host)
    return found[1].decode().lower().strip("[]").rstrip(".") if found else None
