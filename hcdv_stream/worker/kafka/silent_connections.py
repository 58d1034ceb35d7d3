"""Drops connections to the broker on which nothing comes any more.

A peer that vanished without an end, as behind a firewall that forgot the connection, still takes
what is sent or lets it be sent again. aiokafka drops such a connection by its request time-out
only, which must exceed the longest join of the group; requests that somebody stopped waiting for,
and those for metadata, never drop it. A broker answers the requests of a connection in their order,
so what counts is how long the oldest has been waiting without a byte coming in.
"""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any, NoReturn

from aiokafka.client import ConnectionGroup
from aiokafka.conn import CloseReason
from aiokafka.protocol.group import JoinGroupRequest, SyncGroupRequest

from hcdv_stream.runtime.logs import fields

log = logging.getLogger(__name__)

SILENT_SECONDS = 10.0
"""A connection on which a request waits for so long, and nothing comes, is dead."""
_EVERY_SECONDS = 0.5
_LONG = frozenset({JoinGroupRequest.API_KEY, SyncGroupRequest.API_KEY})
"""The broker answers these when the other members of the group have come."""


@dataclass(slots=True)
class _Wait:
    """The oldest request of a connection, how many bytes of its answer are here, and the looks."""

    number: int
    received: int
    looks: int


class SilentConnections:
    """Looks after the connections of one of aiokafka's clients, in the event loop of the client.

    ``joining_seconds`` is the longest wait for a place in the group.
    """

    def __init__(
        self, client: Any, joining_seconds: float, silent_seconds: float = SILENT_SECONDS
    ) -> None:
        self._client = client
        self._silent_seconds = silent_seconds
        self._joining_seconds = joining_seconds
        self._waits: dict[Any, _Wait] = {}
        self._get_conn = client._get_conn
        client._get_conn = self._connected

    async def watch(self) -> NoReturn:
        """Drop what is silent until cancelled."""
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            self.check()

    def check(self) -> None:
        """Check every connection once, ``_EVERY_SECONDS`` after the last time.

        Checks are counted, not seconds: a process that stood still may have answers to read.
        """
        connections = list(self._client._conns.values())
        before, self._waits = self._waits, {}
        for connection in connections:
            if not connection.connected() or not connection._requests:
                continue
            number, request, _ = connection._requests[0]
            received = len(connection._reader._buffer)
            wait = before.get(connection)
            if wait is None or (wait.number, wait.received) != (number, received):
                wait = _Wait(number, received, 0)
            wait.looks += 1
            long = request is not None and request.API_KEY in _LONG
            most = self._joining_seconds if long else self._silent_seconds
            if wait.looks * _EVERY_SECONDS <= most:
                self._waits[connection] = wait
                continue
            log.warning(
                "connection to the broker is silent: dropped",
                extra=fields(host=connection.host, port=connection.port, seconds=most),
            )
            connection.close(reason=CloseReason.CONNECTION_TIMEOUT)

    async def _connected(
        self, node: Any, *, group: int = ConnectionGroup.DEFAULT, no_hint: bool = False
    ) -> Any:
        """Connect, or find the connection that is there; None where that takes too long."""
        try:
            async with asyncio.timeout(self._silent_seconds):
                return await self._get_conn(node, group=group, no_hint=no_hint)
        except TimeoutError:
            self._client.force_metadata_update()
            return None
