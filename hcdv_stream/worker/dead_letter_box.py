"""Sends dead letters, each once even where a worker died before it stored the source offset.

The letters of a partition go to the partition of the same number, in the order of their offsets,
so those that a dead worker sent for records without a stored effect are the last ones there.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

from hcdv_stream.logs import fields
from hcdv_stream.worker.dead_letters import DeadLetter
from hcdv_stream.worker.parts import Parts
from hcdv_stream.worker.tail import last_keys

log = logging.getLogger(__name__)


class DeadLetterBox:
    """The dead-letter topic; belongs to the event loop of ``app``, whose producer it uses."""

    def __init__(self, app: Any, parts: Parts) -> None:
        settings = parts.settings
        self._app = app
        self._servers = settings.bootstrap.split(",")
        self._source = settings.topic
        self._topic = settings.dead_letter_topic
        self._partitions = parts.letter_partitions
        # A poll's letters are sent before its offset is stored, so no more than a poll's can be
        # there already, times the source partitions that share a partition of this topic.
        shared = -(-parts.partitions // parts.letter_partitions)
        self._most = settings.poll_records * shared
        self._sent: set[bytes] = set()

    async def look(self, number: int) -> None:
        """Learn which letters of source partition ``number`` are there already."""
        keys = await last_keys(self._servers, self._topic, number % self._partitions, self._most)
        mine = f"{self._source}/{number}/".encode()
        self._sent.difference_update([key for key in self._sent if key.startswith(mine)])
        self._sent.update(key for key in keys if key and key.startswith(mine))

    async def send(self, letters: Sequence[DeadLetter]) -> None:
        """Send the letters that are not there yet and wait until the broker has them all."""
        missing = [letter for letter in letters if letter.key not in self._sent]
        sent = [
            await self._app.producer.send(
                self._topic,
                letter.key,
                letter.value,
                letter.partition % self._partitions,
                None,
                letter.headers,
            )
            for letter in missing
        ]
        await asyncio.gather(*sent)
        if missing:
            reasons = Counter(letter.reason for letter in missing)
            log.warning("sessions rejected", extra=fields(count=len(missing), **reasons))
