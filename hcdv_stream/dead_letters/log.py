"""Reads a topic from given offsets to its end, once, beside all groups."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaError

from hcdv_stream.broker.clients import open_consumer
from hcdv_stream.broker.errors import BrokerError
from hcdv_stream.broker.header_names import read_any_header_name
from hcdv_stream.broker.topics import partition_counts

_POLL_MILLISECONDS = 200
_QUIET_SECONDS = 1.5
_LONGEST_SECONDS = 60.0


class TopicReader:
    """Reads the committed records of a topic."""

    def __init__(self, bootstrap: str, topic: str, consumer: Any, partitions: int) -> None:
        """Use ``open``."""
        self._bootstrap = bootstrap
        self._topic = topic
        self._consumer = consumer
        self._places = [TopicPartition(topic, number) for number in range(partitions)]

    @classmethod
    @contextmanager
    def open(cls, bootstrap: str, topic: str) -> "Iterator[TopicReader]":
        """Connect; raises BrokerError where there is no broker or no such topic."""
        partitions = partition_counts(bootstrap, [topic])[topic]
        if not partitions:
            raise BrokerError(
                f"there is no topic {topic!r} at HCDV_BOOTSTRAP={bootstrap}: "
                "make it with `hcdv-stream topics create`, or name another with --topic"
            )
        read_any_header_name()
        consumer = open_consumer(bootstrap, max_partition_fetch_bytes=4 << 20)
        try:
            yield cls(bootstrap, topic, consumer, partitions)
        finally:
            consumer.close()

    def ends(self) -> dict[int, int]:
        """Return an offset of each partition that is not beyond its end, and close to it."""
        return {tp.partition: end for tp, end in self._offsets(self._consumer.end_offsets).items()}

    def read(self, begin: Mapping[int, int] | None = None) -> Iterator[Any]:
        """Yield every record of all partitions from ``begin``, or the beginning, to the end.

        Raises BrokerError where the broker stops answering.
        """
        consumer = self._consumer
        consumer.assign(self._places)
        starts, ends = (
            self._offsets(consumer.beginning_offsets),
            self._offsets(consumer.end_offsets),
        )
        for tp in self._places:
            consumer.seek(tp, max(starts[tp], (begin or {}).get(tp.partition, 0)))
        moved = time.monotonic()
        while True:
            found = consumer.poll(_POLL_MILLISECONDS)
            for records in found.values():
                yield from records
            if found:
                moved = time.monotonic()
            quiet = time.monotonic() - moved
            if all(self._is_read(tp, ends[tp], quiet) for tp in self._places):
                return
            if quiet > _LONGEST_SECONDS:
                raise BrokerError(
                    f"HCDV_BOOTSTRAP={self._bootstrap} does not answer with the rest of topic "
                    f"{self._topic!r}: look at the broker and try again"
                )

    def _is_read(self, tp: Any, listed: int, quiet: float) -> bool:
        position = self._consumer.position(tp)
        if position < listed:
            return False
        if quiet > _QUIET_SECONDS:  # Tansu lists the beginning of the last batch as the end
            return True
        end = self._consumer.highwater(tp)
        return end is not None and position >= end

    def _offsets(self, request: Any) -> dict[Any, int]:
        try:
            answer: dict[Any, int] = request(self._places)
        except KafkaError as error:
            raise BrokerError(
                f"HCDV_BOOTSTRAP={self._bootstrap} does not say where topic {self._topic!r} ends "
                f"({error}): look at the broker and try again"
            ) from error
        return answer
