"""A worker's place in the consumer group: what it holds, and what the broker says of its name.

aiokafka names a static member when it joins, but not in heartbeats. Without the name the broker
cannot tell a member that was replaced from one that it forgot: the replaced one joins anew and
throws its successor out, for ever. So the name is added to heartbeats, and a member that the broker
fences stops.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.group import HeartbeatRequest, HeartbeatResponse_v1
from aiokafka.protocol.types import Int32, Schema, String
from faust.transport.drivers import aiokafka as driver

_FENCED_INSTANCE_ID = 82


class FencedInstanceError(Exception):
    """Another member of the group has joined under this worker's name."""


@dataclass(frozen=True, slots=True)
class Membership:
    """What the assignor tells the group about this worker.

    ``instance`` is the name that the group remembers, None where it should not. ``offsets`` returns
    the next offsets of the states in the state directory, ``committed`` are the group's at start.
    A partition whose holder is absent waits for ``patience_seconds``; a state that is no more than
    ``slack`` records behind is as good as the holder's.
    """

    topic: str
    instance: str | None
    patience_seconds: float
    slack: int
    offsets: Callable[[], Mapping[int, int]]
    committed: Mapping[int, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name that members are ordered by."""
        return self.instance or ""


class MemberThread(driver.AIOKafkaConsumerThread):
    """The consumer's thread, whose heartbeats carry the worker's name."""

    fenced = False
    _coordinator: Any = None

    async def on_start(self) -> None:
        """Start the consumer and listen to what the coordinator is answered."""
        await super().on_start()
        self._coordinator = self._consumer._coordinator
        self._send = self._coordinator._send_req
        self._coordinator._send_req = self._send_named
        self.app.assignor.rejoin = self._coordinator.request_rejoin

    async def _send_named(self, request: Any) -> Any:
        coordinator = self._coordinator
        name = coordinator._group_instance_id
        if name is not None and isinstance(request, HeartbeatRequest):
            request = NamedHeartbeatRequest(
                coordinator.group_id, coordinator.generation, coordinator.member_id, name
            )
        response = await self._send(request)
        if getattr(response, "error_code", 0) == _FENCED_INSTANCE_ID:
            self.fenced = True
            # aiokafka would make an unknown error of it; ``check_membership`` says what it is.
            await asyncio.wait([coordinator._closing])
            if isinstance(request, NamedHeartbeatRequest):
                raise asyncio.CancelledError  # ends the heartbeats, as closing does
        return response

    def check_membership(self) -> None:
        """Raise what the membership in the group hangs on: the coordinator's error, or a fence."""
        if self.fenced:
            raise FencedInstanceError
        if self._coordinator is not None:
            self._coordinator.check_errors()

    @property
    def remembered(self) -> bool:
        """Whether the broker keeps this member's place over a restart (static membership)."""
        coordinator = self._coordinator
        name = coordinator._group_instance_id if coordinator is not None else None
        # A broker that knows static members puts the name in front of the member's id.
        return name is not None and coordinator.member_id.startswith(name)


class NamedHeartbeatResponse(Response):
    """A heartbeat's answer, version 3."""

    API_KEY = 12
    API_VERSION = 3
    SCHEMA = HeartbeatResponse_v1.SCHEMA


class NamedHeartbeat(RequestStruct):
    """A heartbeat, version 3, which aiokafka does not have."""

    API_KEY = 12
    API_VERSION = 3
    RESPONSE_TYPE = NamedHeartbeatResponse
    SCHEMA = Schema(
        ("group", String("utf-8")),
        ("generation_id", Int32),
        ("member_id", String("utf-8")),
        ("group_instance_id", String("utf-8")),
    )


class NamedHeartbeatRequest(Request[NamedHeartbeat]):
    """A heartbeat with the member's name."""

    API_KEY = 12

    def __init__(self, group: str, generation: int, member: str, name: str) -> None:
        self._content = (group, generation, member, name)

    def build(self, request_struct_class: type[NamedHeartbeat]) -> NamedHeartbeat:
        """Return what is sent."""
        return request_struct_class(*self._content)
