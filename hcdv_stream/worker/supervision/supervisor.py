"""Checks a running worker once a second: its membership in the group, the broker, its lag.

Nothing here waits for the broker, so that an absent broker does not look like a stuck process.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NoReturn

from aiokafka import errors
from aiokafka.structs import TopicPartition

from hcdv_stream.broker.reach import answers
from hcdv_stream.errors import HcdvError
from hcdv_stream.runtime.systemd import notify
from hcdv_stream.settings import Settings
from hcdv_stream.state.heartbeat import LogEnd
from hcdv_stream.worker.context import WorkerContext
from hcdv_stream.worker.kafka.broker_contact import BrokerContact
from hcdv_stream.worker.kafka.instance_id import AUTO, FOLDER
from hcdv_stream.worker.kafka.membership import FencedInstanceError

log = logging.getLogger(__name__)

_EVERY_SECONDS = 1.0
_ANSWER_SECONDS = 5.0
_PROBE_SECONDS = 5.0


class GroupError(HcdvError):
    """The broker does not let this worker into its consumer group."""


async def supervise(app: Any, context: WorkerContext) -> NoReturn:
    """Supervise the running ``app`` until cancelled; raises GroupError if retrying cannot help.

    Notifies systemd's watchdog while the worker is alive.
    """
    health, contact = context.health, BrokerContact(context.settings.bootstrap, context.health)
    checking: asyncio.Future[None] | None = None
    try:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            health.event_loop_ran()
            if health.liveness_failure() is None:
                notify("WATCHDOG=1")
            with suppress(Exception):  # the consumer is just starting or stopping
                app.consumer.ask_for_sign_of_life(health.reader_ran)
            if checking is None or checking.done():
                if checking is not None:
                    checking.result()
                checking = asyncio.ensure_future(_check(app, context, contact))
    finally:
        if checking is not None:
            checking.cancel()


async def _check(app: Any, context: WorkerContext, contact: BrokerContact) -> None:
    """Check the membership, ask the broker where the logs end, and record both."""
    try:
        await app.consumer.check_group()
        asked_at = time.time()
        ends = await app.consumer.ask_log_ends(_partitions_to_ask(app, context), _ANSWER_SECONDS)
    except FencedInstanceError as error:
        raise GroupError(_fenced_message(app.membership.instance, context.settings)) from error
    except (TimeoutError, errors.KafkaError) as error:
        if message := _group_error_message(error, context.settings):
            raise GroupError(message) from error
        contact.failed(error)
        if contact.lost:
            await contact.probe(answers, _PROBE_SECONDS)
    except Exception:  # the consumer is just starting, stopping or between two assignments
        log.debug("lag unknown", exc_info=True)
    else:
        context.metrics.broker_answers.inc()
        contact.answered(_record_lag(app, context, ends, asked_at))


def _partitions_to_ask(app: Any, context: WorkerContext) -> list[Any]:
    """Return the open partitions, or any other, so that the broker is always asked."""
    owned = context.ownership.partitions
    assigned = [tp for tp in app.consumer.assignment() if tp.partition in owned]
    return assigned or [TopicPartition(context.settings.topic, 0)]


def _record_lag(app: Any, context: WorkerContext, ends: Mapping[Any, int], asked_at: float) -> int:
    """Record the lag of every open partition; return the sum.

    ``ends`` come from a request, because the last fetch's ends are stale when fetching stalls.
    """
    if app.rebalancing:
        return 0
    behind = 0
    for tp, end in ends.items():
        partition = context.ownership.partitions.get(tp.partition)
        if partition is not None:
            partition.observe(app.consumer.progress(tp, partition.expected, end))
            partition.record_log_end(LogEnd(asked_at, partition.progress.log_end))
            behind += partition.progress.behind
    return behind


def _fenced_message(name: str | None, settings: Settings) -> str:
    """Say what to change if another worker has joined under this one's name."""
    if settings.instance == AUTO:
        return (
            f"another worker of the group HCDV_GROUP={settings.group} has joined under the name of "
            f"this one, {name}, which belongs to its state directory: if HCDV_STATE_DIR="
            f"{settings.state_dir} was copied, remove {settings.state_dir / FOLDER} in the copy"
        )
    return (
        f"another worker of the group HCDV_GROUP={settings.group} has joined under the name of "
        f"this one, HCDV_INSTANCE={name}: give each worker a name of its own, or leave it at {AUTO}"
    )


def _group_error_message(error: Exception, settings: Settings) -> str | None:
    """Say what to change if a group error is final; None if the client tries again."""
    group = f"HCDV_GROUP={settings.group}"
    if isinstance(error, errors.InvalidSessionTimeoutError):
        return (
            f"the broker refuses HCDV_SESSION_TIMEOUT_SECONDS={settings.session_timeout_seconds:g}:"
            " choose one between its group.min.session.timeout.ms and group.max.session.timeout.ms"
        )
    if isinstance(error, errors.InconsistentGroupProtocolError):
        return f"consumers of another kind are in the group {group}: choose another group"
    if isinstance(error, errors.InvalidGroupIdError):
        return f"the broker does not take the name of the group {group}: choose another"
    if isinstance(error, errors.GroupAuthorizationFailedError):
        return (
            f"this client may not join the group {group}: ask for the right to, or choose another"
        )
    return None
