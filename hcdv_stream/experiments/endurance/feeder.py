"""Feeds topics at a steady rate for as long as a trial lasts, through every fault of the broker."""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from types import TracebackType
from typing import Any, Self

from kafka.errors import KafkaError

from hcdv_stream.broker.clients import open_producer
from hcdv_stream.experiments.endurance.records import Record
from hcdv_stream.runtime.logs import fields

log = logging.getLogger(__name__)

_PATIENCE_MS = 10_000
_CLOSE_SECONDS = 10.0
_MOST = 2_000
"""Records of one burst."""
_BURST_SECONDS = 0.1


class TopicFeeder:
    """A context manager that sends records to topics, ``rate`` a second over all of them.

    ``first`` records are sent at once. ``acknowledged`` counts what the broker has confirmed.
    A client that a dead broker has confused is replaced. Leaving waits until everything is there.
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
        self._thread = threading.Thread(target=self._run, name="feeder")
        self._producer: Any = None
        self.acknowledged = 0

    def __enter__(self) -> Self:
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
        """Send no more than what is being sent and wait until it is acknowledged."""
        self._stop.set()
        self._thread.join()
        self._close(_CLOSE_SECONDS)

    def _close(self, seconds: float) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            if not seconds:  # `close` alone would wait for what is still on its way, and raise
                producer._sender.force_close()
            with suppress(KafkaError):  # it cannot say goodbye to a broker that is gone
                producer.close(timeout=seconds)

    def _run(self) -> None:
        begin, sent = time.monotonic(), 0
        while not self._stop.wait(_BURST_SECONDS):
            due = self._first + int((time.monotonic() - begin) * self._rate)
            burst = list(islice(self._log, min(due - sent, _MOST)))
            while burst and not self._delivered(burst):
                time.sleep(_BURST_SECONDS)
            sent += len(burst)
            self.acknowledged += len(burst)

    def _delivered(self, burst: Sequence[Record]) -> bool:
        """Send a burst; say whether all of it is acknowledged, else start with a new client.

        What a broken client had sent may then be in the log twice, which is only a replacement.
        """
        try:
            if self._producer is None:
                self._producer = open_producer(
                    self._bootstrap,
                    acks="all",
                    linger_ms=5,
                    request_timeout_ms=_PATIENCE_MS // 2,
                    delivery_timeout_ms=_PATIENCE_MS,
                    max_block_ms=_PATIENCE_MS,
                )
            # Every id keeps to one topic, as it keeps to one partition.
            sent = [
                self._producer.send(
                    self._topics[number_of(key) % len(self._topics)], key=key, value=value
                )
                for key, value in burst
            ]
            for one in sent:
                one.get(timeout=_PATIENCE_MS / 1000)
        except KafkaError as error:
            log.info("feeder starts anew", extra=fields(error=str(error)))
            self._close(0.0)
            return False
        return True


def number_of(key: bytes) -> int:
    """Return a number that is the same in every process."""
    return int.from_bytes(key[-4:], "big")
