"""Looks after a running worker once a second: its membership in the group, and its lag."""

import asyncio
import logging
from typing import Any, NoReturn

from aiokafka import errors

from hcdv_stream.errors import HcdvError
from hcdv_stream.logs import fields
from hcdv_stream.notify import notify
from hcdv_stream.settings import Settings
from hcdv_stream.worker.instance import AUTO, FOLDER
from hcdv_stream.worker.membership import FencedInstanceError
from hcdv_stream.worker.ownership import Ownership
from hcdv_stream.worker.parts import Parts

log = logging.getLogger(__name__)

_EVERY_SECONDS = 1.0


class GroupError(HcdvError):
    """The broker does not let this worker into its consumer group."""


async def watch(app: Any, parts: Parts) -> NoReturn:
    """Watch the running ``app`` until cancelled; raises GroupError for what retrying cannot mend.

    A broker that cannot be asked for long is for liveness to notice: then ``health`` is not told.
    Systemd's watchdog is fed as long as the worker is alive.
    """
    while True:
        await asyncio.sleep(_EVERY_SECONDS)
        if parts.health.ailment() is None:
            notify("WATCHDOG=1")
        try:
            await app.consumer.check_group()
            parts.health.watched(await _lag(app, parts.ownership))
        except FencedInstanceError as error:
            raise GroupError(_fenced(app.membership.instance, parts.settings)) from error
        except errors.KafkaError as error:
            if explained := _explained(error, parts.settings):
                raise GroupError(explained) from error
            log.warning("broker trouble", extra=fields(error=repr(error)))
        except Exception:  # the consumer is just starting, stopping or between two assignments
            log.debug("lag unknown", exc_info=True)


async def _lag(app: Any, ownership: Ownership) -> int:
    """Ask the broker for the ends of the logs; return the records waiting in them.

    Asked anew, because what the last fetch said stays as it is when fetching has stalled.
    """
    if app.rebalancing or not ownership.partitions:
        return 0
    owned = {tp: ownership.partitions.get(tp.partition) for tp in app.consumer.assignment()}
    open_ones = {tp: partition for tp, partition in owned.items() if partition is not None}
    ends = await app.consumer.highwaters(*open_ones)
    return sum(
        partition.observe_lag(max(ends[tp], app.consumer.highwater(tp) or 0))
        for tp, partition in open_ones.items()
    )


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


def _explained(error: errors.KafkaError, settings: Settings) -> str | None:
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
