"""Sending messages to a topic: idempotent, acknowledged by all replicas, at a given rate.

The key decides the partition, by Kafka's default partitioner, so an id always meets its own.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

from kafka import KafkaProducer
from kafka.errors import KafkaError

from hcdv_stream.broker.topics import partition_counts
from hcdv_stream.errors import HcdvError
from simulators.messages import Message

Sent = TypeVar("Sent")

_IN_FLIGHT = 5_000
"""Messages sent and not acknowledged; the client itself has no bound."""
_REACH_SECONDS = 10.0
_DELIVERY_SECONDS = 30.0
_INTERRUPTED_SECONDS = 2.0
_MAX_BYTES = 8 * 1024 * 1024


class PublishError(HcdvError):
    """Sessions that did not reach the topic: says which broker or topic and what to do."""


class Publisher:
    """A context manager around one idempotent producer for one topic.

    Leaving it without an error waits until everything sent is acknowledged. Raises PublishError
    where there is no broker, no such topic, or a message is refused.
    """

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._pending: deque[Any] = deque()
        self.sent = 0

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
            delivery_timeout_ms=int(_DELIVERY_SECONDS * 1000),
            request_timeout_ms=int(_DELIVERY_SECONDS * 500),
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
            self._producer.close(
                timeout=_DELIVERY_SECONDS if error is None else _INTERRUPTED_SECONDS
            )

    def send(self, message: Message) -> None:
        """Send a message; it may still be on its way when this returns."""
        try:
            future = self._producer.send(self._topic, key=message.key, value=message.value)
        except KafkaError as error:
            raise self._refused(error) from error
        self._pending.append(future)
        self.sent += 1
        if len(self._pending) >= _IN_FLIGHT:
            self._settle(len(self._pending) // 2)

    def flush(self) -> None:
        """Wait until everything sent is acknowledged."""
        self._settle(len(self._pending))

    def _settle(self, count: int) -> None:
        try:
            for _ in range(count):
                self._pending.popleft().get(timeout=_DELIVERY_SECONDS)
        except KafkaError as error:
            raise self._refused(error) from error

    def _refused(self, error: KafkaError) -> PublishError:
        return PublishError(
            f"a session did not reach the topic {self._topic!r} at {self._bootstrap} "
            f"({type(error).__name__}: {error}): look at the broker and send again"
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
