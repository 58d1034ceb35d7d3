"""Sees that the topic stays the log that the states are computed from.

A topic that is deleted and made anew goes on at other records under the same offsets; partitions
that are added move ids, which would then be counted in two partitions. So the broker is asked which
topic it is when the worker starts, before partitions are opened, between the arrival of a poll and
its write, and every HCDV_LOG_CHECK_SECONDS. Records that were appended to another log than the
first can only arrive after the broker knows of it, so none of them takes effect.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

from kafka.errors import KafkaError

from hcdv_stream.broker.clients import open_admin
from hcdv_stream.broker.errors import BrokerError
from hcdv_stream.broker.topic_facts import (
    RETENTION,
    Retention,
    TopicFacts,
    read_beginning,
    read_retention,
    read_topic,
)
from hcdv_stream.runtime.logs import fields
from hcdv_stream.settings import Settings
from hcdv_stream.state.log_identity import LogIdentity
from hcdv_stream.worker.kafka.log_range import LogError
from hcdv_stream.worker.metrics.definitions import WorkerMetrics

log = logging.getLogger(__name__)

Read = TypeVar("Read")

_REQUEST_MILLISECONDS = 3000
_START_SECONDS = 30.0
_MISSING_SECONDS = 10.0
"""A topic that the broker does not know for so long is gone."""
_AGAIN_SECONDS = 0.5
_RETENTION_SECONDS = 60.0


class TopicMissing(Exception):  # noqa: N818 (it may come back at once)
    """The broker does not know the topic now."""


class LogGuard:
    """Knows which log the worker began with. Its ``read_`` methods may be called by any thread."""

    def __init__(self, settings: Settings, metrics: WorkerMetrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._topic = settings.topic
        self._admin: Any = None
        self._lock = threading.Lock()
        self._facts: TopicFacts | None = None
        self._retention = Retention(None, None, None)
        self._stopping = False
        if settings.log_level != "DEBUG":  # an outage is told by the watch, once
            logging.getLogger("kafka").setLevel(logging.CRITICAL)

    @property
    def compacted(self) -> bool:
        """Whether the topic is compacted: a deletion may then outlive what it deleted."""
        return self._retention.compacted

    def begin(self) -> None:
        """Learn which log it is; raises BrokerError if the broker does not say in time."""
        self._insist(self.check)
        self._insist(self.read_retention)
        assert self._facts is not None
        if self._facts.topic_id is None:
            log.warning(
                "broker gives no topic id: a topic made anew is noticed by its offsets alone",
                extra=fields(topic=self._topic),
            )

    def check(self) -> None:
        """Ask the broker whether it is still the same log.

        Raises LogError if it is not, TopicMissing if there is none now, KafkaError if the broker
        cannot be asked.
        """
        with self._lock:
            facts = read_topic(self._client(), self._topic)
        if facts is None:
            raise TopicMissing
        if self._facts is None:
            self._facts = facts
        first = LogIdentity(self._facts.topic_id, self._facts.partitions, 0, complete=True)
        if difference := first.difference(self._topic, facts.topic_id, facts.partitions):
            raise LogError(difference)

    def log_of(self, partition: int) -> LogIdentity:
        """Return the log of a partition as it is now; raises LogError or BrokerError."""
        self._insist(self.check)
        assert self._facts is not None
        begins_at = self._insist(lambda: self._beginning(partition))
        facts = self._facts
        return LogIdentity(facts.topic_id, facts.partitions, begins_at, complete=not begins_at)

    async def confirm(self) -> bool:
        """Wait until the broker has said that it is still the same log.

        Returns False if the worker stops and the broker does not say. Raises LogError if it is
        another log.
        """
        while True:
            with suppress(KafkaError, TopicMissing):
                await asyncio.to_thread(self.check)
                return True
            if self._stopping:
                return False
            await asyncio.sleep(_AGAIN_SECONDS)

    async def watch(self) -> NoReturn:
        """Ask regularly until cancelled; raises LogError if it is another log, or none any more."""
        missing_since: float | None = None
        looked = time.monotonic()
        while True:
            await asyncio.sleep(self._settings.log_check_seconds)
            try:
                await asyncio.to_thread(self.check)
                missing_since = None
                if time.monotonic() > looked + _RETENTION_SECONDS:
                    looked = time.monotonic()
                    await asyncio.to_thread(self.read_retention)
            except TopicMissing:
                missing_since = missing_since or time.monotonic()
                if time.monotonic() > missing_since + _MISSING_SECONDS:
                    raise LogError(
                        f"topic {self._topic!r} is gone from the broker: restore it, or name the "
                        "right HCDV_BOOTSTRAP and HCDV_TOPIC"
                    ) from None
            except KafkaError:  # an outage is for the lag's watch to tell
                log.debug("the log's identity is unknown", exc_info=True)

    def read_retention(self) -> None:
        """Ask what the topic deletes, publish it, and warn if that is anything."""
        with self._lock:
            retention = read_retention(self._client(), self._topic)
        known = self._metrics.topic_keeps_all
        if retention.keeps_all is None:
            known.remove_by_labels({"topic": self._topic})
        else:
            known.labels(self._topic).set(retention.keeps_all)
        if retention != self._retention and retention.keeps_all is False:
            log.warning(
                "topic does not keep all records: a state cannot be rebuilt from it",
                extra=fields(
                    topic=self._topic,
                    found=str(retention),
                    needed=", ".join(f"{name}={value}" for name, value in RETENTION.items()),
                ),
            )
        self._retention = retention

    def stop(self) -> None:
        """Wait no longer for a broker that does not answer: the worker stops."""
        self._stopping = True

    def close(self) -> None:
        """Give up the connection."""
        with self._lock:
            if self._admin is not None:
                self._admin.close()
                self._admin = None

    def _beginning(self, partition: int) -> int:
        with self._lock:
            return read_beginning(self._client(), self._topic, partition)

    def _insist(self, ask: Callable[[], Read]) -> Read:
        """Ask until the broker answers, for a while."""
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                return ask()
            except (KafkaError, TopicMissing) as error:
                if time.monotonic() > deadline or self._stopping:
                    raise BrokerError(
                        f"the broker at HCDV_BOOTSTRAP={self._settings.bootstrap} does not say "
                        f"which log topic {self._topic!r} is: look at the broker, then restart"
                    ) from error
            time.sleep(_AGAIN_SECONDS)

    def _client(self) -> Any:
        if self._admin is None:
            self._admin = open_admin(
                self._settings.bootstrap,
                request_timeout_ms=_REQUEST_MILLISECONDS,
                bootstrap_timeout_ms=_REQUEST_MILLISECONDS,
            )
        return self._admin
