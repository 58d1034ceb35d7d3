"""The Faust app: consumes raw bytes, without Faust's tables, web server and sensors.

Raw, because a typed topic dies silently on a message that it cannot decode; ``noack_take``, because
``take`` acknowledges a batch whose agent raised; a crashing supervisor, because a restarted agent
gets no more messages.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any

import faust
from faust.app.base import BootStrategy
from mode import CrashingSupervisor

from hcdv_stream.runtime.logs import fields
from hcdv_stream.worker.context import WorkerContext
from hcdv_stream.worker.kafka.assignor import StoredStateAssignor
from hcdv_stream.worker.kafka.transport import StoredOffsetTransport
from hcdv_stream.worker.letters.sender import DeadLetterSender
from hcdv_stream.worker.partition import Partition
from hcdv_stream.worker.poll_handler import PollHandler

log = logging.getLogger(__name__)

PRODUCER_SECONDS = 30.0
"""How long one try to send dead letters may take."""
_REBALANCE_SECONDS = 10.0
"""How long the others wait for a member's poll in hand before they go on without it."""


class _KafkaServicesOnly(BootStrategy):
    """Starts Faust's Kafka services alone."""

    enable_web = False
    enable_sensors = False

    def web_server(self) -> Iterable[Any]:
        return []


class WorkerApp(faust.App):
    """The app of a worker.

    The consumer asks it for ``resume``, ``owned``, ``busy`` and ``letters``, the assignor for
    ``membership`` and the producer whether to be ``idempotent``.
    """

    BootStrategy = _KafkaServicesOnly
    logger = logging.getLogger("faust.app")

    def __init__(self, context: WorkerContext) -> None:
        settings = context.settings
        self._ownership = context.ownership
        self.membership = context.membership
        self.idempotent = context.facts.idempotent
        self._guard = context.guard
        self.letters = DeadLetterSender(self, context)
        super().__init__(
            settings.group,
            broker=[f"aiokafka://{address}" for address in settings.bootstrap.split(",")],
            key_serializer="raw",
            value_serializer="raw",
            agent_supervisor=CrashingSupervisor,
            broker_max_poll_records=settings.poll_records,
            broker_commit_interval=settings.commit_seconds,
            broker_request_timeout=max(90.0, 2 * settings.session_timeout_seconds),
            broker_session_timeout=settings.session_timeout_seconds,
            broker_rebalance_timeout=min(settings.session_timeout_seconds, _REBALANCE_SECONDS),
            broker_heartbeat_interval=settings.heartbeat_seconds,
            producer_request_timeout=PRODUCER_SECONDS,
            stream_buffer_maxsize=max(4096, 2 * settings.poll_records),
            # Faust takes an assignor of ours only where it believes in standbys; without tables
            # there are none.
            table_standby_replicas=1,
            PartitionAssignor=StoredStateAssignor,
            consumer_group_instance_id=context.membership.instance,
            topic_allow_declare=False,
            topic_disable_leader=True,
            web_enabled=False,
        )

    def _crash(self, reason: BaseException) -> None:
        """Keep why the app crashed first: what that cancels crashes too, and says nothing."""
        first: BaseException | None = self._crash_reason
        super()._crash(reason)
        if first is not None and not isinstance(first, asyncio.CancelledError):
            self.crash_reason = first

    def _new_transport(self) -> StoredOffsetTransport:
        return StoredOffsetTransport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """Faust's data directory would stand in the working directory; nothing is put there."""

    @property
    def owned(self) -> Mapping[int, Partition]:
        """The open partitions by number."""
        return self._ownership.partitions

    @property
    def busy(self) -> asyncio.Lock:
        """Held while a poll is worked on."""
        return self._ownership.busy

    async def resume(self, numbers: Iterable[int]) -> Mapping[int, Partition]:
        """Open the partitions that the consumer is about to seek in; none if the worker stops.

        Raises LogError if the topic is not the log that the worker began with.
        """
        if not await self._guard.confirm():
            return {}
        return await self._ownership.resume(numbers)


def build_app(context: WorkerContext) -> WorkerApp:
    """Return the app with its agent and its hooks; call it inside the event loop."""
    settings, ownership, health = context.settings, context.ownership, context.health
    app = WorkerApp(context)
    handler = PollHandler(app, context, app.letters)
    topic = app.topic(settings.topic, key_type=bytes, value_type=bytes)

    @app.agent(topic, name="sessions", concurrency=1)
    async def _sessions(stream: Any) -> None:
        async for events in stream.noack_take(settings.poll_records, within=settings.poll_seconds):
            await handler.handle(stream, events)

    @app.on_rebalance_complete.connect(weak=False)
    async def _assigned(sender: Any, **_: Any) -> None:
        # The one hook that runs after the group has decided and before ``perform_seek``.
        ownership.assign()
        context.metrics.assignments.inc()
        health.assigned(ready=True)

    @app.on_partitions_revoked.connect(weak=False)
    async def _revoked(sender: Any, revoked: Any, **_: Any) -> None:
        health.assigned(ready=False)
        await ownership.release()
        if revoked:
            log.info("partitions taken back", extra=fields(count=len(revoked)))

    return app
