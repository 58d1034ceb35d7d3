"""Notices producers whose partitioner is not Kafka's default one.

An id belongs to one partition. If one producer sends it to another partition than the next does
(librdkafka has a default of its own), it is there twice and counts twice, and a deletion may not
find it. No partition sees the others' ids, so a few ids of each poll are compared with the default
partitioner.
"""

import logging
from collections.abc import Sequence

from hcdv_stream.broker.partitioner import partition_of_key
from hcdv_stream.runtime.logs import fields
from hcdv_stream.worker.letters.dead_letter import Record

log = logging.getLogger(__name__)

_KEYS = 4


class Misplacement:
    """Compares keys of a partition with the default partitioner; warns once."""

    def __init__(self, topic: str, partition: int, partitions: int) -> None:
        """``partitions`` counts those of the topic."""
        self._topic = topic
        self._partition = partition
        self._partitions = partitions
        self.found = False

    def check(self, records: Sequence[Record]) -> None:
        """Check the first records of a poll."""
        if self.found or self._partitions == 1:
            return
        for record in records[:_KEYS]:
            if record.key and partition_of_key(record.key, self._partitions) != self._partition:
                self.found = True
                log.warning(
                    "ids lie where Kafka's default partitioner does not put them",
                    extra=fields(
                        topic=self._topic,
                        partition=self._partition,
                        offset=record.offset,
                        meaning="an id that comes to two partitions counts twice",
                        needed="one partitioner for all producers, murmur2 "
                        "(librdkafka: partitioner=murmur2_random)",
                    ),
                )
                return
