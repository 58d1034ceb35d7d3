"""The bounds on connections one by one, with small ones: a server of this process, real sockets."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry

from hcdv_stream.serving.bounds import Bounds, Reason
from hcdv_stream.serving.listener import listen
from hcdv_stream.serving.metrics import ConnectionMetrics
from hcdv_stream.serving.uvicorn_server import bounded_server
from tests.serving.attacks import closed_within, connect, get, many, rest

ASKED = b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n"


class App:
    """Answers ``/large`` with much, ``/slow`` when it is let go on, ``/paused`` a moment later."""

    def __init__(self) -> None:
        self.arrived = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.pause_seconds = 0.0

    async def __call__(self, scope, receive, send):
        if scope["path"] == "/slow":
            self.arrived.release()
            while not self.go_on.is_set():
                await asyncio.sleep(0.01)
        if scope["path"] == "/paused":
            await asyncio.sleep(self.pause_seconds)
        parts = 400 if scope["path"] == "/large" else 1
        head = {"type": "http.response.start", "status": 200, "headers": []}
        await send(head)
        for _ in range(parts):
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


@contextmanager
def serving(**bounds: float) -> Iterator[tuple[int, App, ConnectionMetrics]]:
    app, measured = App(), ConnectionMetrics(CollectorRegistry())
    with listen("127.0.0.1", 0, "HCDV_X") as listener:
        port = listener.getsockname()[1]
        server = bounded_server(app, Bounds(**bounds), measured, stop_seconds=1, lifespan=False)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield port, app, measured
        finally:
            app.go_on.set()
            server.should_exit = True
            thread.join()


def closed(measured: ConnectionMetrics, reason: Reason) -> float:
    return measured.closed.labels(reason)._value.get()


def test_one_that_does_not_read_is_left():
    with serving(unread_seconds=1.0) as (port, _, measured):
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.connect(("127.0.0.1", port))
            one.sendall(ASKED % b"large")
            deadline = time.monotonic() + 30
            while not closed(measured, Reason.UNREAD):
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert get(port, "/")[0] == 200


def test_one_that_reads_slowly_but_steadily_is_not():
    with serving(unread_seconds=1.0) as (port, _, measured), connect(port, ASKED % b"large") as one:
        got = 0
        while got < 400 * 65_536:
            part = one.recv(1 << 20)
            assert part
            got += len(part)
            time.sleep(0.01)
        assert not closed(measured, Reason.UNREAD)


def test_those_that_are_being_answered_are_not_closed_for_newcomers():
    with serving(connections=16) as (port, app, measured):
        with many(port, 8, ASKED % b"slow") as busy:
            for _ in busy:
                assert app.arrived.acquire(timeout=10)
            with many(port, 200):
                assert get(port, "/")[0] == 200
            app.go_on.set()
            for one in busy:
                assert rest(one, 1.0).startswith(b"HTTP/1.1 200 ")
        assert closed(measured, Reason.FULL) >= 190


def test_where_all_are_being_answered_a_newcomer_is_closed_at_once():
    with serving(connections=8) as (port, app, measured), many(port, 8, ASKED % b"slow") as busy:
        for _ in busy:
            assert app.arrived.acquire(timeout=10)
        with connect(port) as newcomer:
            assert closed_within(newcomer, 5.0)
        assert closed(measured, Reason.FULL) == 1
        app.go_on.set()
        assert rest(busy[0], 1.0).startswith(b"HTTP/1.1 200 ")


def test_a_connection_that_says_nothing_or_too_little_is_closed():
    with serving(seconds=1.0, keep_alive_seconds=1) as (port, _, measured):
        for data, reason in ((b"", Reason.IDLE), (b"\r\n\r\n", Reason.SLOW), (b"GE", Reason.SLOW)):
            before = closed(measured, reason)
            with connect(port, data) as one:
                assert closed_within(one, 20.0)
            assert closed(measured, reason) == before + 1
        with connect(port, ASKED % b"") as kept:
            assert closed_within(kept, 20.0)


def test_how_many_are_open_is_measured():
    with serving() as (port, _, measured):
        with many(port, 5):
            deadline = time.monotonic() + 10
            while measured.open._value.get() != 5:
                assert time.monotonic() < deadline
        while measured.open._value.get():
            assert time.monotonic() < deadline + 10


def test_clients_that_leave_with_requests_in_hand_leave_no_errors(caplog):
    """uvicorn tells the newest request that its client is gone, and not the one in hand."""
    with serving() as (port, app, measured):
        app.pause_seconds = 0.02
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", port)) as one:
                one.sendall(ASKED % b"paused" * 8)
                one.recv(100)
        deadline = time.monotonic() + 20
        while measured.open._value.get():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert get(port, "/x")[0] == 200
    assert not caplog.records
