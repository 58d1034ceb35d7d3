"""Looks after a running worker once a second: its membership in the group, the broker, its lag.

Nothing here waits for the broker: a broker that is gone must not look like a process that is stuck.
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
from hcdv_stream.worker.context import Parts
from hcdv_stream.worker.kafka.contact import Contact
from hcdv_stream.worker.kafka.instance_id import AUTO, FOLDER
from hcdv_stream.worker.kafka.membership import FencedInstanceError

log = logging.getLogger(__name__)

_EVERY_SECONDS = 1.0
_ANSWER_SECONDS = 5.0
_PROBE_SECONDS = 5.0


class GroupError(HcdvError):
    """The broker does not let this worker into its consumer group."""


async def watch(app: Any, parts: Parts) -> NoReturn:
    """Watch the running ``app`` until cancelled; raises GroupError for what retrying cannot mend.

    Systemd's watchdog is fed as long as the worker is alive.
    """
    health, contact = parts.health, Contact(parts.settings.bootstrap, parts.health)
    looking: asyncio.Future[None] | None = None
    try:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            health.looped()
            if health.ailment() is None:
                notify("WATCHDOG=1")
            with suppress(Exception):  # the consumer is just starting or stopping
                app.consumer.ask_for_sign_of_life(health.read)
            if looking is None or looking.done():
                if looking is not None:
                    looking.result()
                looking = asyncio.ensure_future(_look(app, parts, contact))
    finally:
        if looking is not None:
            looking.cancel()


async def _look(app: Any, parts: Parts, contact: Contact) -> None:
    """Check the membership, ask the broker where the logs end, and take note of both."""
    try:
        await app.consumer.check_group()
        asked_at = time.time()
        ends = await app.consumer.ask_log_ends(_asked(app, parts), _ANSWER_SECONDS)
    except FencedInstanceError as error:
        raise GroupError(_fenced(app.membership.instance, parts.settings)) from error
    except (TimeoutError, errors.KafkaError) as error:
        if explained := _explained(error, parts.settings):
            raise GroupError(explained) from error
        contact.missed(error)
        if contact.lost:
            await contact.probe(answers, _PROBE_SECONDS)
    except Exception:  # the consumer is just starting, stopping or between two assignments
        log.debug("lag unknown", exc_info=True)
    else:
        parts.metrics.broker_answers.inc()
        contact.made(_lag(app, parts, ends, asked_at))


def _asked(app: Any, parts: Parts) -> list[Any]:
    """Return the partitions to ask for: the open ones, or any, so that the broker is asked."""
    owned = parts.ownership.partitions
    asked = [tp for tp in app.consumer.assignment() if tp.partition in owned]
    return asked or [TopicPartition(parts.settings.topic, 0)]


def _lag(app: Any, parts: Parts, ends: Mapping[Any, int], asked_at: float) -> int:
    """Take note of the lag of every partition that is open; return their sum.

    The ends are asked for, because what the last fetch said stays as it is when fetching stalled.
    """
    if app.rebalancing:
        return 0
    behind = 0
    for tp, end in ends.items():
        partition = parts.ownership.partitions.get(tp.partition)
        if partition is not None:
            partition.observe(app.consumer.progress(tp, partition.expected, end))
            partition.check(LogEnd(asked_at, partition.progress.log_end))
            behind += partition.progress.behind
    return behind


def _fenced(name: str | None, settings: Settings) -> str:
    """Say what to mend where another worker has joined under this one's name."""
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


def _explained(error: Exception, settings: Settings) -> str | None:
    """Say what to mend where a group error is final, None where the client tries again."""
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
