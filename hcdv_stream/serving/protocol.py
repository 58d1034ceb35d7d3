"""uvicorn's HTTP protocol over httptools, with bounds that hold before a request is complete.

httptools parses a request in half the time of h11, which is the only one of uvicorn's protocols
that bounds a head. The bounds here cost an example's read a few comparisons; time-outs are looked
at once a second for all connections, not by a timer for each.
"""

import asyncio
from typing import Any, NoReturn, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from hcdv_stream.serving.bounds import Bounds, Reason
from hcdv_stream.serving.metrics import ConnectionMetrics

_CHECK_SECONDS = 0.5
_PROBLEM = (
    b'{"type":"urn:hcdv-stream:problem:%s","title":"%s","status":%d,"detail":"%s"}',
    b"HTTP/1.1 %d %s\r\ncontent-type: application/problem+json\r\ncontent-length: %d\r\n"
    b"connection: close\r\n\r\n",
)
_REFUSALS = {
    Reason.HEAD: (431, b"Request Header Fields Too Large", b"head-too-large"),
    Reason.MALFORMED: (400, b"Bad Request", b"malformed-request"),
}
_DETAILS = {
    Reason.HEAD: b"the request line and headers are too large: send fewer or shorter ones",
    Reason.MALFORMED: b"this is no HTTP request that can be read",
}


class _OverBoundError(Exception):
    """A callback ends the parsing."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection; ``bounds`` and ``measured`` are those of its server."""

    bounds: Bounds
    measured: ConnectionMetrics
    _check_scheduled = False

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._since = 0.0
        """When it began to wait for its client."""
        self._head_since: float | None = None
        """When the first byte of a head came that is not complete."""
        self._unread_since: float | None = None
        """When the client ceased to read."""
        self._head_bytes = self._head_lines = 0
        self._unparsed = 0
        """Bytes that came since anything was completed: a piece of a head, say."""
        self._progress = False
        self._whole = True
        """Whether the request last begun has come to its end."""
        self._left: int | None = None
        """Bytes of a body that came after the answer to it, None where none are due."""
        self._used = self._upgraded = False
        self._answered: RequestResponseCycle | None = None
        """The request in hand; uvicorn's ``cycle`` is the newest, which may wait behind it."""
        self._reason: Reason | None = None

    # -- a connection begins and ends

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if len(self.connections) >= self.bounds.connections and not self._drop_idle_connections():
            self.measured.closed.labels(Reason.FULL).inc()
            transport.abort()
            return
        super().connection_made(transport)
        self.measured.open.set(len(self.connections))
        self._since = self.loop.time()
        self._schedule_check(self.loop)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.transport is not None:  # else it was refused
            self._abandon_answer()
            super().connection_lost(exc)
            self.measured.open.set(len(self.connections))

    @property
    def waiting(self) -> bool:
        """Whether it is the client's turn: no complete request is being answered."""
        cycle = self.cycle
        if not self._used or cycle.response_complete:
            return not self.pipeline
        return cycle.more_body and not cycle.response_started and not self.pipeline

    def _drop_idle_connections(self) -> bool:
        """Close those that have waited longest, some at once; return whether there were any.

        If none waits for its client, those go that have requests waiting behind another.
        """
        ours = cast("set[BoundedProtocol]", self.connections)
        idle = sorted((one for one in ours if one.waiting), key=lambda one: one._since)
        idle = idle or sorted((one for one in ours if one.pipeline), key=lambda one: one._since)
        for one in idle[: 1 + len(idle) // 16]:
            one._drop(Reason.FULL)
        return bool(idle)

    def _drop(self, reason: Reason) -> None:
        self.measured.closed.labels(reason).inc()
        self.connections.discard(self)
        self._abandon_answer()
        self.transport.abort()

    def _abandon_answer(self) -> None:
        """Tell the application that nobody reads its answer any more."""
        cycle = self._answered
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()

    # -- a request comes in

    def data_received(self, data: bytes) -> None:
        if self._upgraded or self._reason:
            return
        self._unset_keepalive_if_required()
        if self._head_since is None and self._whole:
            self._head_since = self.loop.time()
        self._progress = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._answer_as_http()
            return
        except httptools.HttpParserError:
            self._refuse(self._reason or Reason.MALFORMED)
            return
        if self._progress:
            self._unparsed = 0
        else:
            self._unparsed += len(data)
            if self._unparsed > self.bounds.head_bytes:
                self._refuse(Reason.HEAD)
        if self._left is not None and self._left > self.bounds.body_left_bytes:
            self._refuse(Reason.SLOW)

    def on_message_begin(self) -> None:
        self._whole = False
        self._head_bytes = self._head_lines = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._head_bytes += len(url)
        if self._head_bytes > self.bounds.head_bytes:
            self._end_parsing()
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_lines += 1
        self._head_bytes += len(name) + len(value) + 4
        if self._head_lines > self.bounds.headers or self._head_bytes > self.bounds.head_bytes:
            self._end_parsing()
        super().on_header(name, value)

    def _end_parsing(self) -> NoReturn:
        self._reason = Reason.HEAD
        raise _OverBoundError

    def on_headers_complete(self) -> None:
        self._progress = True
        self._head_since = None
        self._since = self.loop.time()
        if len(self.pipeline) >= self.bounds.pipelined:
            self._reason = Reason.PIPELINE
            raise _OverBoundError
        super().on_headers_complete()
        self._used = True
        if not self.pipeline:
            self._answered = self.cycle

    def on_body(self, body: bytes) -> None:
        self._progress = True
        if self._left is not None:
            self._left += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._progress = True
        self._whole = True
        super().on_message_complete()
        if self._left is not None:  # it was answered before
            self._left = None
            self._keep_alive()

    def _answer_as_http(self) -> None:
        """Answer a request that asks for another protocol as any other, and then close."""
        self._upgraded = self._whole = True
        if self._used:
            self.cycle.keep_alive = self.cycle.more_body = False
            self.cycle.message_event.set()

    def _refuse(self, reason: Reason) -> None:
        """Close, with an answer where none is on its way that it could be taken for."""
        self._reason = reason
        self.measured.closed.labels(reason).inc()
        answering = self._used and not self.cycle.response_complete
        if reason not in _REFUSALS or answering or self._left is not None:
            self.transport.abort()
            return
        status, title, name = _REFUSALS[reason]
        body = _PROBLEM[0] % (name, title, status, _DETAILS[reason])
        self.transport.write(_PROBLEM[1] % (status, title, len(body)) + body)
        self.transport.close()

    # -- an answer goes out

    def on_response_complete(self) -> None:
        self._since = self.loop.time()
        if self.pipeline:
            self._answered = self.pipeline[-1][0]
        super().on_response_complete()
        if not self._whole and not self.pipeline and not self.transport.is_closing():
            self._left = 0
            self._unset_keepalive_if_required()

    def _keep_alive(self) -> None:
        self._unset_keepalive_if_required()
        self._since = self.loop.time()
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def pause_writing(self) -> None:
        self._unread_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._unread_since = None
        super().resume_writing()

    # -- time passes

    def _schedule_check(self, loop: asyncio.AbstractEventLoop) -> None:
        """Check this server's connections later, and again until there are none."""
        kind = type(self)
        if not kind._check_scheduled:
            kind._check_scheduled = True
            loop.call_later(_CHECK_SECONDS, self._check_all)

    def _check_all(self) -> None:
        type(self)._check_scheduled = False
        now = self.loop.time()
        for one in cast("list[BoundedProtocol]", list(self.connections)):
            if reason := one._overdue(now):
                one._drop(reason)
        if self.connections:
            self._schedule_check(self.loop)

    def _overdue(self, now: float) -> Reason | None:
        bounds = self.bounds
        if self._unread_since is None and self.transport.is_closing():
            self._unread_since = now  # what was written last may still wait to be read
        if self._unread_since is not None:
            return Reason.UNREAD if now - self._unread_since > bounds.unread_seconds else None
        if self._left is not None:
            return Reason.SLOW if now - self._since > bounds.body_left_seconds else None
        if not self.waiting:
            return None
        if self._head_since is not None:
            return Reason.SLOW if now - self._head_since > bounds.seconds else None
        if not self._used:
            return Reason.IDLE if now - self._since > bounds.seconds else None
        return None


def protocol_with(bounds: Bounds, measured: ConnectionMetrics) -> type[BoundedProtocol]:
    """Return the protocol of one server, to be given to uvicorn as ``http``."""
    return type("Bounded", (BoundedProtocol,), {"bounds": bounds, "measured": measured})
