"""A TCP proxy that breaks connections on demand: reset, half-open, slow.

It runs in a thread of its own with an event loop of its own. A half-open proxy accepts what comes
and swallows what is sent, without an answer and without an end. Connections that were open
meanwhile stay dead afterwards, as they do when a firewall forgets them: whoever holds one must
notice by a time-out.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

_CHUNK = 65_536
_HOST = "127.0.0.1"
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing sends RST."""


class FaultProxy:
    """A context manager that forwards ``port`` to ``target`` on the loopback interface.

    ``target`` may be set later and may change; connections that are there keep theirs.
    """

    def __init__(self, port: int, target: int = 0) -> None:
        self.port = port
        self.target = target
        self.accepted = 0
        self._swallowing = False
        self._delay = 0.0
        self._connections: set[_Connection] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._server: asyncio.Server | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def open(self) -> int:
        """Connections that are there now, those that are dead included."""
        return len(self._connections)

    def reset(self) -> int:
        """Reset every connection; return how many there were."""

        def now() -> int:
            broken = list(self._connections)
            for connection in broken:
                connection.reset()
            return len(broken)

        return self._call(now)

    def half_open(self) -> int:
        """Swallow what is sent on every connection, old and new; return how many are there."""

        def now() -> int:
            self._swallowing = True
            for connection in self._connections:
                connection.dead = True
            return len(self._connections)

        return self._call(now)

    def heal(self) -> None:
        """Forward again what comes on new connections, without delay."""

        def now() -> int:
            self._swallowing, self._delay = False, 0.0
            return 0

        self._call(now)

    def delay(self, seconds: float) -> None:
        """Hold back everything that is sent, either way, for so long."""
        self._delay = seconds

    def _call(self, action: Callable[[], int]) -> int:
        async def act() -> int:
            return action()

        return asyncio.run_coroutine_threadsafe(act(), self._loop).result(10)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, _HOST, self.port)

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.reset()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        connection = _Connection(writer, dead=self._swallowing)
        self._connections.add(connection)
        try:
            if connection.dead:
                while await reader.read(_CHUNK):
                    pass
                return
            try:
                back, out = await asyncio.open_connection(_HOST, self.target)
            except OSError:  # nobody listens there now
                return
            connection.writers.append(out)
            ways = (self._forward(reader, out, connection), self._forward(back, writer, connection))
            tasks = [asyncio.ensure_future(way) for way in ways]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if connection.is_dead() and not tasks[0].done():
                await tasks[0]  # the server gave up; the client is not told
            for task in tasks:
                task.cancel()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            connection.reset()
            self._connections.discard(connection)

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: "_Connection"
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                if self._delay:
                    await asyncio.sleep(self._delay)
                if not connection.dead:
                    writer.write(data)
                    await writer.drain()


class _Connection:
    """One client's connection and, once it is there, that to the server."""

    def __init__(self, client: asyncio.StreamWriter, *, dead: bool) -> None:
        self.dead = dead
        self.writers = [client]

    def is_dead(self) -> bool:
        """Whether it swallows, which may have changed while it was forwarded."""
        return self.dead

    def reset(self) -> None:
        """End both sides with RST."""
        for writer in self.writers:
            raw = writer.get_extra_info("socket")
            if raw is not None and raw.fileno() >= 0:
                with suppress(OSError):
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()
