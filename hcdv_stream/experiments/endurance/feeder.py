"""Feeds topics at a steady rate for as long as a trial lasts, through every fault of the broker."""

import threading
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from kafka import KafkaProducer
from kafka.errors import KafkaError

from hcdv_stream.errors import HcdvError
from hcdv_stream.experiments.endurance.records import Record

_PATIENCE_MS = 600_000
_BURST_SECONDS = 0.1


class TopicFeeder:
    """A context manager that sends records to topics, ``rate`` a second over all of them.

    ``first`` records are sent at once. ``acknowledged`` counts what the broker has confirmed.
    Leaving waits until everything is.
    """

    def __init__(
        self,
        bootstrap: str,
        topics: Sequence[str],
        log: Iterator[Record],
        rate: float,
        first: int = 0,
    ) -> None:
        self._bootstrap = bootstrap
        self._topics = list(topics)
        self._log = log
        self._rate = rate
        self._first = first
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send, name="feeder")
        self.acknowledged = 0
        self.refused: list[str] = []

    def __enter__(self) -> Self:
        self._producer = KafkaProducer(
            bootstrap_servers=self._bootstrap,
            enable_idempotence=True,
            acks="all",
            linger_ms=5,
            delivery_timeout_ms=_PATIENCE_MS,
            request_timeout_ms=10_000,
            max_block_ms=_PATIENCE_MS,
            allow_auto_create_topics=False,
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Send no more and wait until all of it is acknowledged; once is enough."""
        if not self._stop.is_set():
            self._stop.set()
            self._thread.join()
            self._producer.flush()
            self._producer.close()
            if self.refused:
                raise HcdvError(f"records were not acknowledged: {self.refused[0]}")

    def _send(self) -> None:
        begin, sent = time.monotonic(), 0
        while not self._stop.wait(_BURST_SECONDS):
            due = self._first + int((time.monotonic() - begin) * self._rate)
            while sent < due and not self._stop.is_set():
                key, value = next(self._log)
                # Every id keeps to one topic, as it keeps to one partition.
                topic = self._topics[hash_of(key) % len(self._topics)]
                try:
                    future = self._producer.send(topic, key=key, value=value)
                except KafkaError as error:
                    self.refused.append(str(error))
                    return
                future.add_callback(self._confirmed).add_errback(self._refused)
                sent += 1

    def _confirmed(self, _: object) -> None:
        self.acknowledged += 1

    def _refused(self, error: object) -> None:
        self.refused.append(str(error))


def hash_of(key: bytes) -> int:
    """Return a number that is the same in every process."""
    return int.from_bytes(key[-4:], "big")
