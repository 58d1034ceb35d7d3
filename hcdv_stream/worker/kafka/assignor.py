"""The group protocol of workers: members report their states, the leader assigns partitions.

It stands in for Faust's assignor (the setting ``PartitionAssignor``), which keeps Faust's tables
together; there are none here. Everything runs in the thread of the Kafka consumer.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from aiokafka.coordinator.protocol import (
    ConsumerProtocolMemberAssignment,
    ConsumerProtocolMemberMetadata,
)
from faust.assignor import PartitionAssignor

from hcdv_stream.runtime.logs import fields
from hcdv_stream.worker.kafka.assignment import MemberReport, assign_partitions

log = logging.getLogger(__name__)

_VERSION = 1
_LATER_SECONDS = 0.2


class StoredStateAssignor(PartitionAssignor):
    """Assigns the partitions of the sessions' topic; ``app.membership`` says what this worker has.

    ``rejoin`` is called when partitions that wait for their holder should be given out after all.
    """

    def __init__(self, app: Any, replicas: int = 0) -> None:
        super().__init__(app, replicas)
        self._began: float | None = None
        self._owned: frozenset[int] = frozenset()
        self._timer: asyncio.TimerHandle | None = None
        self.rejoin: Callable[[], None] = lambda: None

    @property
    def name(self) -> str:
        """The protocol's name: members that speak another are refused by the broker."""
        return "hcdv-stored-state"

    @property
    def version(self) -> int:
        """The version of the consumer protocol that the user data travels in."""
        return 0

    def metadata(self, topics: Any) -> ConsumerProtocolMemberMetadata:
        """Say what this worker holds."""
        if self._began is None:
            self._began = time.monotonic()
        membership = self.app.membership
        content = {
            "version": _VERSION,
            "name": membership.name,
            "age": time.monotonic() - self._began,
            "offsets": _pairs(membership.offsets()),
            "committed": _pairs(membership.committed),
            "owned": sorted(self._owned),
        }
        return ConsumerProtocolMemberMetadata(self.version, list(topics), orjson.dumps(content))

    def assign(
        self, cluster: Any, member_metadata: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """Give every partition to a member; this worker is the group's leader."""
        membership = self.app.membership
        topic = membership.topic
        reports = {
            member: _report(member, metadata.user_data)
            for member, metadata in member_metadata.items()
            if topic in metadata.subscription
        }
        partitions = sorted(cluster.partitions_for_topic(topic) or ())
        assigned = assign_partitions(
            partitions, reports, membership.patience_seconds, membership.slack
        )
        if assigned.waiting:
            log.info(
                "partitions wait for the worker that holds their state",
                extra=fields(partitions=list(assigned.waiting), seconds=round(assigned.seconds, 1)),
            )
        note = orjson.dumps({"waiting": list(assigned.waiting), "seconds": assigned.seconds})
        return {
            member: ConsumerProtocolMemberAssignment(
                self.version, [(topic, assigned.partitions.get(member, []))], note
            )
            for member in member_metadata
        }

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:
        """Take note of what the leader decided, and ask again later where partitions wait."""
        self._owned = frozenset(tp.partition for tp in assignment.partitions())
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        note = orjson.loads(assignment.user_data or b"{}")
        if note.get("waiting"):
            # The broker hands the note to a member that restarts too, so that somebody always asks.
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(note["seconds"] + _LATER_SECONDS, self._ask_again)

    def _ask_again(self) -> None:
        self._timer = None
        self.rejoin()


def _pairs(numbers: Mapping[int, int]) -> list[tuple[int, int]]:
    return sorted(numbers.items())


def _report(member: str, data: bytes) -> MemberReport:
    content = orjson.loads(data)
    return MemberReport(
        str(content["name"]) or member,
        float(content["age"]),
        dict(content["offsets"]),
        dict(content["committed"]),
        frozenset(content["owned"]),
    )
