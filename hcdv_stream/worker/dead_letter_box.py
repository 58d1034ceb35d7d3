"""Sends dead letters, each once for a log and a group, whatever became of the workers before.

The letters of a partition go to the partition of the same number. Letters are sent before the
offset behind them is stored, so a successor finds letters there for records that it has yet to do:
those of a dead worker's last poll, or, where a state is computed anew, all of the former ones. It
reads back until it knows which. Each letter says how far letters had got (``hcdv-furthest``): one
that was the furthest itself, of a record whose effect is stored, is followed by all that matter.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

from aiokafka.errors import KafkaError

from hcdv_stream.logs import fields
from hcdv_stream.worker.dead_letters import DeadLetter, Origin
from hcdv_stream.worker.letter_log import LetterLog
from hcdv_stream.worker.log_range import LogError
from hcdv_stream.worker.parts import Parts
from hcdv_stream.worker.sent_letters import SentLetters

log = logging.getLogger(__name__)

_FURTHEST = "hcdv-furthest"
_OFFSET_DIGITS = 19


class DeadLetterBox:
    """The dead-letter topic; belongs to the event loop of ``app``, whose producer it uses."""

    def __init__(self, app: Any, parts: Parts) -> None:
        settings = parts.settings
        self._app = app
        self._servers = settings.bootstrap.split(",")
        self._source = settings.topic
        self._topic = settings.dead_letter_topic
        self._origin = Origin(settings.group, parts.facts.topic_id)
        self._partitions = parts.letter_partitions
        # A poll's letters are sent before its offset is stored, so no more than a poll's are
        # usually there already, times the source partitions that share a partition of this topic.
        shared = -(-parts.partitions // parts.letter_partitions)
        self._most = settings.poll_records * shared + 1
        self._sent: dict[int, SentLetters] = {}

    async def look(self, number: int, offset: int) -> None:
        """Learn which letters of source partition ``number`` from ``offset`` on are there already.

        Raises LogError where the dead-letter topic cannot be read.
        """
        where = number % self._partitions
        async with LetterLog.open(self._servers, self._topic, where) as letters:
            start, end = await letters.range()
            begin = max(start, end - self._most)
            while True:
                sent, sure = SentLetters(offset), begin == start
                async for record in letters.read(begin, end):
                    sure |= self._take(record, number, sent)
                if sure:
                    break
                begin = start
        self._sent[number] = sent

    async def send(self, letters: Sequence[DeadLetter]) -> None:
        """Send the letters that are not there yet and wait until the broker has them all.

        The letters are of one source partition, in the order of their offsets.
        """
        if not letters:
            return
        sent = self._sent[letters[0].partition]
        sent.forget_before(letters[0].record.offset)
        missing = [letter for letter in letters if letter.record.offset not in sent]
        try:
            await self._deliver(missing, sent)
        except (KafkaError, AssertionError) as error:  # aiokafka asserts that a partition is there
            raise LogError(
                f"the topic of dead letters, {self._topic!r}, does not take them "
                f"({type(error).__name__}): see that it is there with {self._partitions} "
                "partitions (`hcdv-stream topics create`) and takes records of 1 MiB "
                "(max.message.bytes) from this client, then start the worker again"
            ) from error
        if missing:
            reasons = Counter(letter.reason for letter in missing)
            log.warning("sessions rejected", extra=fields(count=len(missing), **reasons))

    async def _deliver(self, letters: Sequence[DeadLetter], sent: SentLetters) -> None:
        answers = []
        for letter in letters:
            sent.add(letter.record.offset)
            headers = [*letter.headers, *self._origin.headers]
            headers.append((_FURTHEST, str(sent.furthest).encode()))
            answers.append(
                await self._app.producer.send(
                    self._topic,
                    letter.key,
                    letter.value,
                    letter.partition % self._partitions,
                    None,
                    headers,
                )
            )
        await asyncio.gather(*answers)

    def _take(self, record: Any, number: int, sent: SentLetters) -> bool:
        """Take note of a letter; say whether all that matter come after it."""
        topic, _, place = (record.key or b"").rpartition(f"/{number}/".encode())
        headers = dict(record.headers)
        origin = self._origin.headers
        if topic.decode(errors="replace") != self._source or not place.isdigit():
            return False
        if any(headers.get(name) != value for name, value in origin):
            return False
        said = headers.get(_FURTHEST) or place
        if not said.isdigit() or max(len(place), len(said)) > _OFFSET_DIGITS:  # somebody else's
            return False
        offset, furthest = int(place), int(said)
        before = offset < sent.begin
        sent.add(offset)
        sent.furthest = max(sent.furthest, furthest)
        return before and furthest == offset
