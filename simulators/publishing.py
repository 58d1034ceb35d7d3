"""Sending messages to a topic: idempotent, acknowledged by all replicas, at a given rate.

The key decides the partition, by Kafka's default partitioner, so an id always meets its own.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

from kafka import KafkaProducer
from kafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError

from hcdv_stream.broker.topics import partition_counts
from hcdv_stream.errors import HcdvError
from hcdv_stream.simulators.messages import Message

Sent = TypeVar("Sent")

_IN_FLIGHT = 5_000
"""Messages sent and not acknowledged; the client itself has no bound."""
_REACH_SECONDS = 10.0
DELIVERY_SECONDS = 120.0
"""How long a message may be on its way: an outage of the broker up to this is survived."""
_REQUEST_SECONDS = 15.0
_PATIENCE_SECONDS = 5.0
_MAX_BYTES = 8 * 1024 * 1024


class PublishError(HcdvError):
    """Sessions that did not reach the topic: says which broker or topic and what to do."""


class Publisher:
    """A context manager around one idempotent producer for one topic.

    Leaving it without an error waits until everything sent is acknowledged. Raises PublishError
    where there is no broker, no such topic, or a message is refused or not taken within
    ``seconds``. ``say`` is given a sentence when the broker is waited for.
    """

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        seconds: float = DELIVERY_SECONDS,
        say: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._seconds = seconds
        self._say = say
        self._pending: deque[Any] = deque()
        self.sent = 0
        self.acknowledged = 0

    def __enter__(self) -> Self:
        counts = partition_counts(self._bootstrap, [self._topic], _REACH_SECONDS)
        if not counts[self._topic]:
            raise PublishError(
                f"there is no topic {self._topic!r} at {self._bootstrap}: "
                "create it with `hcdv-stream topics create`"
            )
        self._producer = KafkaProducer(
            bootstrap_servers=self._bootstrap.split(","),
            enable_idempotence=True,
            acks="all",
            linger_ms=5,
            delivery_timeout_ms=int(self._seconds * 1000),
            max_block_ms=int(self._seconds * 1000),
            request_timeout_ms=int(min(_REQUEST_SECONDS, self._seconds / 2) * 1000),
            max_request_size=_MAX_BYTES,
            allow_auto_create_topics=False,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self.flush()
        finally:
            if self._pending:
                # What is still on its way is given up; `close` alone would wait for it and raise.
                self._producer._sender.force_close()
            with suppress(KafkaError):
                self._producer.close(timeout=self._seconds)

    def send(self, message: Message) -> None:
        """Send a message; it may still be on its way when this returns."""
        try:
            future = self._producer.send(self._topic, key=message.key, value=message.value)
        except KafkaError as error:
            raise self._refused(error) from error
        self._pending.append(future)
        self.sent += 1
        if len(self._pending) >= _IN_FLIGHT:
            self._wait_for_acknowledged(len(self._pending) // 2, 2 * self._seconds)

    def flush(self, seconds: float | None = None) -> None:
        """Wait until everything sent is acknowledged, at most for so long."""
        self._wait_for_acknowledged(
            len(self._pending), 2 * self._seconds if seconds is None else seconds
        )

    def _wait_for_acknowledged(self, count: int, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        for _ in range(count):
            try:
                self._wait_for(self._pending[0], deadline)
            except KafkaError as error:
                raise self._refused(error) from error
            self._pending.popleft()
            self.acknowledged += 1

    def _wait_for(self, future: Any, deadline: float) -> None:
        """Wait for one acknowledgement; raises KafkaError where it does not come."""
        said = False
        while not future.is_done:
            left = deadline - time.monotonic()
            if left <= 0:
                raise KafkaTimeoutError("no acknowledgement came")
            try:
                future.get(timeout=min(left, _PATIENCE_SECONDS))
            except KafkaTimeoutError:
                if not said and not future.is_done:
                    said = True
                    self._say(
                        f"the broker at {self._bootstrap} does not answer: waiting for it, "
                        f"{self._seconds:g} s at most"
                    )
        future.get(timeout=0)

    def _refused(self, error: KafkaError) -> PublishError:
        self.acknowledged += sum(future.is_done and future.succeeded() for future in self._pending)
        why = (
            f"the broker at {self._bootstrap} did not take them within {self._seconds:g} s"
            if isinstance(error, (KafkaTimeoutError, KafkaConnectionError))
            else f"the broker at {self._bootstrap} answered {type(error).__name__}"
        )
        return PublishError(
            f"{self.acknowledged:,} of {self.sent:,} sessions that were sent to {self._topic!r} "
            f"are acknowledged, the others not ({why}): look at the broker and send again, "
            "since a session that arrives twice counts once"
        )


def paced(
    messages: Iterable[Sent],
    rate: float | None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Sent]:
    """Let ``rate`` messages, or bursts of them, a second through; all at once where it is None.

    They come evenly, and the schedule is absolute: what a slow receiver delays is caught up.
    """
    if rate is not None and not rate > 0:
        raise ValueError(f"the rate must be above 0 sessions per second, got {rate}")
    began = clock()
    for index, message in enumerate(messages):
        if rate is not None:
            wait = began + index / rate - clock()
            if wait > 0:
                sleep(wait)
        yield message
