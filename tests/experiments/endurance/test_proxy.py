"""The proxy that breaks connections, before a server that answers with what it is sent."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from hcdv_stream.broker.embedded import free_port
from hcdv_stream.experiments.endurance.proxy import FaultProxy


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends everything back."""
    loop = asyncio.new_event_loop()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    server = loop.run_until_complete(asyncio.start_server(answer, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield server.sockets[0].getsockname()[1]
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    for task in asyncio.all_tasks(loop):
        task.cancel()
    server.close()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


@pytest.fixture
def proxy(echo: int) -> Iterator[FaultProxy]:
    with FaultProxy(free_port(), echo) as proxy:
        yield proxy


def connected(proxy: FaultProxy, seconds: float = 20.0) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=seconds)


def asked(connection: socket.socket, text: bytes = b"hello") -> bytes:
    connection.sendall(text)
    return connection.recv(100)


def test_it_forwards_both_ways(proxy: FaultProxy) -> None:
    with connected(proxy) as one, connected(proxy) as other:
        assert asked(one, b"one") == b"one"
        assert asked(other, b"other") == b"other"
        assert proxy.open == proxy.accepted == 2


def test_a_reset_reaches_the_client_and_new_connections_work(proxy: FaultProxy) -> None:
    with connected(proxy) as one:
        assert asked(one) == b"hello"
        assert proxy.reset() == 1
        with pytest.raises(ConnectionResetError):
            one.recv(100)
    with connected(proxy) as other:
        assert asked(other) == b"hello"


def test_half_open_swallows_and_the_connection_stays_dead(proxy: FaultProxy) -> None:
    with connected(proxy) as old:
        assert asked(old) == b"hello"
        assert proxy.half_open() == 1
        with connected(proxy) as new:
            for one in (old, new):
                one.settimeout(0.3)
                with pytest.raises(TimeoutError):
                    asked(one)
            proxy.heal()
            with pytest.raises(TimeoutError):
                asked(old)
    with connected(proxy) as later:
        assert asked(later) == b"hello"


def test_delay_holds_back(proxy: FaultProxy) -> None:
    proxy.delay(0.2)
    with connected(proxy) as one:
        begin = time.monotonic()
        assert asked(one) == b"hello"
        assert time.monotonic() - begin >= 0.4


def test_nobody_behind_it_is_an_end_not_a_wait(proxy: FaultProxy) -> None:
    proxy.target = free_port()
    with suppress(ConnectionResetError), connected(proxy) as one:
        assert one.recv(100) == b""
