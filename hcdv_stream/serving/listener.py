"""The socket that a process listens on."""

import errno
import os
import socket

from hcdv_stream.errors import HcdvError

_BACKLOG = 2048
_PORT = {errno.EADDRINUSE, errno.EACCES, errno.EPERM}
"""What another port would mend; anything else is the address's fault."""


def listen(host: str, port: int, prefix: str) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one, ``::`` takes IPv4 too.

    Raises HcdvError, which names the settings that begin with ``prefix``, HCDV_API for instance.
    """
    try:
        return _listener(host, port)
    except (OSError, UnicodeError) as error:
        raise HcdvError(
            f"{prefix}_HOST={host} {prefix}_PORT={port} cannot be listened on "
            f"({reason(error)}): {advice(error, prefix)}"
        ) from error


def reason(error: Exception) -> str:
    """Return why an address cannot be listened on, in a few words."""
    if not isinstance(error, OSError):
        return "that is no host name"
    if isinstance(error, socket.gaierror) or error.errno is None:  # whose numbers are no system's
        return error.strerror or str(error)
    return os.strerror(error.errno)


def advice(error: Exception, prefix: str) -> str:
    """Return what to do about it."""
    if port_is_at_fault(error):
        return "choose another port, or 0 for a free one"
    return (
        f"set {prefix}_HOST to an address of this machine, 127.0.0.1 or ::1 for itself alone, "
        "0.0.0.0 or :: for all"
    )


def port_is_at_fault(error: Exception) -> bool:
    """Whether another port would do."""
    return isinstance(error, OSError) and error.errno in _PORT


def resolve(host: str, port: int) -> tuple[socket.AddressFamily, str]:
    """Return the family and the number of an address; OSError where there is none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    return family, str(address[0])


def _listener(host: str, port: int) -> socket.socket:
    family, address = resolve(host, port)
    everywhere = address == "::" and socket.has_dualstack_ipv6()
    listener = socket.create_server(
        (address, port), family=family, backlog=_BACKLOG, dualstack_ipv6=everywhere
    )
    # asyncio does so only for sockets whose protocol number is spelled out; 40 ms an answer.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
