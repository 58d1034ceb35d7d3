"""Raw sockets of someone who does not keep to the rules."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress


def connect(port: int, data: bytes = b"") -> socket.socket:
    """Connect and send something."""
    one = socket.create_connection(("127.0.0.1", port), timeout=10)
    if data:
        with suppress(OSError):
            one.sendall(data)
    return one


@contextmanager
def many(port: int, count: int, data: bytes = b"") -> Iterator[list[socket.socket]]:
    """Hold so many connections, each of which has sent the same."""
    with ExitStack() as stack:
        held: list[socket.socket] = []
        for _ in range(count):
            with suppress(OSError):
                held.append(stack.enter_context(connect(port, data)))
        yield held


def answer(port: int, data: bytes, seconds: float = 10.0) -> bytes:
    """Send something and return all that comes until the other side closes or is quiet."""
    with connect(port, data) as one:
        return rest(one, seconds)


def rest(one: socket.socket, seconds: float = 10.0) -> bytes:
    """Return what comes until the end of the connection; what came, where there is none."""
    got, deadline = b"", time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        one.settimeout(left)
        try:
            part = one.recv(1 << 16)
        except OSError:
            break
        if not part:
            break
        got += part
    return got


def get(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
    """Ask as one should, on a connection of its own; return status and all that was answered."""
    lines = [f"{method} {path} HTTP/1.1", "Connection: close"]
    headers = {"Host": f"127.0.0.1:{port}", **headers}
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    got = answer(port, ("\r\n".join(lines) + "\r\n\r\n").encode())
    assert got.startswith(b"HTTP/1.1 "), got
    return int(got[9:12]), got


def closed_within(one: socket.socket, seconds: float) -> bool:
    """Whether the other side closes in time; it may say something before."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        one.settimeout(left)
        try:
            if not one.recv(1 << 16):
                return True
        except TimeoutError:
            return False
        except OSError:
            return True
    return False
