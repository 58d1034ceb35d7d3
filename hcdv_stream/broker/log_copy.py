"""Copies a log into a new topic with another number of partitions.

Every committed record goes to the partition that Kafka's default partitioner gives its key there.
The records of a partition are copied in their order, those of different partitions by their times:
so the records of an id keep their order also where partitions were added and the id has moved from
one to another. Times that producers wrote can be made up, and then decide which partition's record
comes first: the copy counts them. Offsets are not kept, so a state has to be built anew.
"""

import heapq
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from operator import attrgetter
from typing import Any

from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError

from hcdv_stream.broker.clients import open_admin, open_consumer, open_producer
from hcdv_stream.broker.errors import BrokerError
from hcdv_stream.broker.header_names import read_any_header_name
from hcdv_stream.broker.partitioner import key_hash
from hcdv_stream.broker.topic_facts import TopicFacts, read_topic
from hcdv_stream.broker.topics import Topic, create_topics, delete_topics, partition_counts

_LARGEST_BYTES = 1 << 30
"""The client refuses no record: what the first topic took, the copy takes too."""
_POLL_MILLISECONDS = 200
_STALL_SECONDS = 30.0
_OPEN_SECONDS = 5.0
_IN_FLIGHT = 10_000
_STAMPED = "message.timestamp.type"
_BY_BROKER = 1
"""The type of a time that the broker wrote when it appended the record."""
Offsets = Mapping[int, int]
Progress = Callable[[int, int], None]
"""Called with the records copied and those known so far."""


class LogCopy:
    """A context manager around a copy of ``source`` into ``target``.

    If it is left with an error or an interruption, the topics that it made are deleted again.
    """

    def __init__(self, bootstrap: str, source: str, target: Topic, letters: Topic) -> None:
        self.records = 0
        self.misplaced = 0
        """Records that lay in another partition than the default partitioner gives their key."""
        self.unstamped = 0
        """Records of a log of several partitions whose time the broker did not write."""
        self._bootstrap = bootstrap
        self._source = source
        self._target = target
        self._letters = letters
        self._made: list[str] = []
        self._began_as: TopicFacts | None = None
        self._count = 0

    def __enter__(self) -> "LogCopy":
        """Make the topics; raises BrokerError if one cannot be copied or the other is in use."""
        if not partition_counts(self._bootstrap, [self._source])[self._source]:
            raise BrokerError(
                f"there is no topic {self._source!r} at HCDV_BOOTSTRAP={self._bootstrap}: "
                "set HCDV_TOPIC to the topic to copy"
            )
        with self._explained():
            self._began_as = self._facts()
            self._count = self._began_as.partitions if self._began_as else 0
            self._refuse_what_is_cut()
            self._make()
        return self

    def _make(self) -> None:
        target, stamp = self._target, dict(self._target.config)
        if stamp.get(_STAMPED):
            stamp[_STAMPED] = "CreateTime"  # until all is copied, so that the times can be kept
        try:
            for topic in (
                Topic(target.name, target.partitions, target.replication, stamp),
                self._letters,
            ):
                self._made += create_topics(self._bootstrap, [topic])
            if target.name not in self._made:
                self._refuse_what_is_filled()
        except BaseException:
            self.discard()
            raise

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.discard()

    def discard(self) -> None:
        """Delete the topics that were made."""
        with suppress(BrokerError, KafkaError):
            delete_topics(self._bootstrap, self._made)
        self._made = []

    def run(self, progress: Progress) -> int:
        """Copy until nothing new is there; return how many records came in the meantime."""
        with self._explained(), closing(self._producer()) as producer:
            begins, ends = self._bounds()
            first = self._round(producer, begins, ends, progress)
            while True:
                begins, ends = ends, self._bounds()[1]
                if begins == ends:
                    break
                self._round(producer, begins, ends, progress)
            if self._facts() != self._began_as:
                raise BrokerError(
                    f"topic {self._source!r} was changed while it was copied: see that nobody "
                    "adds partitions to it or makes it anew, and run the command again"
                )
        self._stamp_from_now_on()
        return self.records - first

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except KafkaError as error:
            raise BrokerError(
                f"topic {self._source!r} cannot be copied ({type(error).__name__}: {error}): "
                "look at the broker and run the command again"
            ) from error

    def _round(self, producer: Any, begins: Offsets, ends: Offsets, progress: Progress) -> int:
        """Copy what lies between these offsets; return how many records are copied by now."""
        parts = [
            self._read(number, begin, ends[number])
            for number, begin in begins.items()
            if begin < ends[number]
        ]
        most = self.records + sum(ends[number] - begin for number, begin in begins.items())
        waiting: list[Any] = []
        # Each part stays in its order, whatever its times are.
        for record in heapq.merge(*parts, key=attrgetter("timestamp")):
            waiting.append(self._send(producer, record))
            self.unstamped += len(parts) > 1 and record.timestamp_type != _BY_BROKER
            self.records += 1
            if len(waiting) == _IN_FLIGHT:
                _wait_for_all(producer, waiting)
                progress(self.records, most)
        _wait_for_all(producer, waiting)
        progress(self.records, self.records)
        return self.records

    def _send(self, producer: Any, record: Any) -> Any:
        number = record.partition % self._target.partitions
        if record.key is not None:
            place = key_hash(record.key)
            number = place % self._target.partitions
            self.misplaced += place % self._count != record.partition
        return producer.send(
            self._target.name,
            key=record.key,
            value=record.value,
            headers=list(record.headers),
            partition=number,
            timestamp_ms=record.timestamp if record.timestamp >= 0 else None,
        )

    def _read(self, number: int, begin: int, end: int) -> Iterator[Any]:
        """Yield the committed records of a partition from ``begin`` up to ``end``."""
        where = TopicPartition(self._source, number)
        with closing(self._consumer()) as consumer:
            consumer.assign([where])
            consumer.seek(where, begin)
            position, moved = begin, time.monotonic()
            while position < end:
                for record in consumer.poll(_POLL_MILLISECONDS, 2000).get(where, ()):
                    if record.offset < end:
                        yield record
                if consumer.position(where) > position:
                    position, moved = consumer.position(where), time.monotonic()
                elif time.monotonic() > moved + _STALL_SECONDS:
                    raise BrokerError(
                        f"partition {number} of topic {self._source!r} cannot be read beyond "
                        f"offset {position}: look at the broker and run the command again"
                    )

    def _bounds(self) -> tuple[dict[int, int], dict[int, int]]:
        """Return the first offset of each partition, and where its committed records end."""
        where = [TopicPartition(self._source, number) for number in range(self._count)]
        with closing(self._consumer()) as consumer:
            begins, listed = consumer.beginning_offsets(where), consumer.end_offsets(where)
            ends = {each.partition: self._end(consumer, each, listed[each]) for each in where}
        return {each.partition: begins[each] for each in where}, ends

    def _end(self, consumer: Any, where: TopicPartition, listed: int) -> int:
        """Return where the committed records end, by what a fetch says.

        Tansu lists the beginning of the last batch. Raises BrokerError if an open transaction
        holds records back, which would be missing in the copy.
        """
        consumer.assign([where])
        consumer.seek(where, listed)
        position, deadline = listed, time.monotonic() + _OPEN_SECONDS
        while True:
            consumer.poll(_POLL_MILLISECONDS)
            if consumer.position(where) > position:
                position, deadline = consumer.position(where), time.monotonic() + _OPEN_SECONDS
            high = consumer.highwater(where)
            if high is not None and high <= position:
                return int(position)
            if time.monotonic() > deadline:
                raise BrokerError(
                    f"an open transaction holds back what partition {where.partition} of topic "
                    f"{self._source!r} has from offset {position} on: stop its producer, wait "
                    "until the broker has ended the transaction, and run the command again"
                )

    def _facts(self) -> TopicFacts | None:
        with closing(open_admin(self._bootstrap)) as admin:
            return read_topic(admin, self._source)

    def _refuse_what_is_cut(self) -> None:
        begins, _ = self._bounds()
        if cut := {number: begin for number, begin in begins.items() if begin}:
            named = ", ".join(f"{number} at offset {begin}" for number, begin in cut.items())
            raise BrokerError(
                f"topic {self._source!r} does not begin at its beginning any more (partition "
                f"{named}), and a copy would hide that: send the sessions from their source to a "
                "new topic that `hcdv-stream topics create` has made"
            )

    def _refuse_what_is_filled(self) -> None:
        where = [TopicPartition(self._target.name, n) for n in range(self._target.partitions)]
        with closing(self._consumer()) as consumer:
            found = sum(consumer.end_offsets(where).values())
        if found:
            raise BrokerError(
                f"topic {self._target.name!r} is there and holds records, of an unfinished copy or "
                "of something else: delete it, or choose another name with --to"
            )

    def _stamp_from_now_on(self) -> None:
        """Let the broker stamp what is appended from now on, as the configuration asks for."""
        wanted = self._target.config.get(_STAMPED)
        if not wanted:
            return
        resource = ConfigResource(ConfigResourceType.TOPIC, self._target.name, {_STAMPED: wanted})
        with (
            closing(open_admin(self._bootstrap)) as admin,
            suppress(KafkaError),  # a broker that cannot change it does not stamp either
        ):
            admin.alter_configs([resource])

    def _consumer(self) -> Any:
        read_any_header_name()
        return open_consumer(self._bootstrap, auto_offset_reset="none", fetch_max_wait_ms=50)

    def _producer(self) -> Any:
        return open_producer(
            self._bootstrap,
            max_request_size=_LARGEST_BYTES,
            batch_size=1 << 18,
            linger_ms=20,
        )


def _wait_for_all(producer: Any, waiting: list[Any]) -> None:
    """Wait until the broker has everything that was sent; raises what went wrong."""
    producer.flush()
    for future in waiting:
        future.get(timeout=_STALL_SECONDS)
    waiting.clear()
