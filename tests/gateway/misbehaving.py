"""An HTTP server on a socket that answers as it should not."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

Answer = Callable[[socket.socket, threading.Event], None]


def said(
    body: bytes, status: str = "200 OK", kind: str = "application/json", more: str = ""
) -> Answer:
    """Answer that, whole."""

    def answer(one: socket.socket, _: threading.Event) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}"
        one.sendall(head.encode() + b"Connection: close\r\n\r\n" + body)

    return answer


def hang(_: socket.socket, stop: threading.Event) -> None:
    """Never answer."""
    stop.wait()


def reset(one: socket.socket, _: threading.Event) -> None:
    """Close without a word."""


def drip_head(one: socket.socket, stop: threading.Event) -> None:
    """Send a head without end, a byte at a time."""
    one.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not stop.wait(0.05):
        one.sendall(b"x")


def drip_body(one: socket.socket, stop: threading.Event) -> None:
    """Send a body a byte at a time: no single read takes long."""
    one.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n"
    )
    while not stop.wait(0.05):
        one.sendall(b" ")


def endless(one: socket.socket, stop: threading.Event) -> None:
    """Send a body without end, as fast as it is taken."""
    one.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    while not stop.is_set():
        one.sendall(chunk)


@contextmanager
def misbehaving(ways: Mapping[str, Answer]) -> Iterator[str]:
    """Serve; ``ways`` are answers by the beginning of a path. Yields the address."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def serve(one: socket.socket) -> None:
        with one, suppress(OSError):
            one.settimeout(10)
            got = b""
            while b"\r\n\r\n" not in got:
                if not (part := one.recv(1 << 16)):
                    return
                got += part
            path = got.split(b" ", 2)[1].decode()
            length = [
                line for line in got.lower().split(b"\r\n") if line.startswith(b"content-length:")
            ]
            body = got.partition(b"\r\n\r\n")[2]
            while length and len(body) < int(length[0].split(b":")[1]):
                body += one.recv(1 << 16)
            answer = next(way for start, way in ways.items() if path.startswith(start))
            answer(one, stop)

    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:

        def accept() -> None:
            while True:
                try:
                    one, _ = listener.accept()
                except OSError:
                    return
                threads.append(threading.Thread(target=serve, args=(one,)))
                threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            stop.set()
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for thread in threads:
                thread.join()
