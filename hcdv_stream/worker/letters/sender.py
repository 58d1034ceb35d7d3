"""Sends dead letters, each once for a log and a group, whatever became of the workers before.

The letters of a partition go to the partition of the same number. Letters are sent before the
offset behind them is stored, so a successor finds letters there for records that it has yet to do:
those of a dead worker's last poll, or, where a state is computed anew, all of the former ones. It
reads back until it knows which. Each letter says how far letters had got (``hcdv-furthest``): one
that was the furthest itself, of a record whose effect is stored, is followed by all that matter.

A broker that is gone is waited for. Where it is not known whether letters arrived, the box reads
back in the same way before it sends what is missing.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from aiokafka.errors import KafkaError
from faust.exceptions import ProducerSendError

from hcdv_stream.broker.errors import BrokerError
from hcdv_stream.broker.topics import partition_counts
from hcdv_stream.runtime.logs import fields
from hcdv_stream.worker.context import WorkerContext
from hcdv_stream.worker.kafka.log_range import LogError
from hcdv_stream.worker.kafka.outage import until_answered, will_pass
from hcdv_stream.worker.letters.dead_letter import DeadLetter, Origin
from hcdv_stream.worker.letters.log import LetterLog
from hcdv_stream.worker.letters.sent import SentLetters

log = logging.getLogger(__name__)

_FURTHEST = "hcdv-furthest"
_OFFSET_DIGITS = 19
_AGAIN_SECONDS = 0.5
_STOP_SECONDS = 3.0
"""How long a letter in hand may take when the worker is asked to stop."""
_ASKED_SECONDS = 3.0


class DeadLetterSender:
    """The dead-letter topic; belongs to the event loop of ``app``, whose producer it uses."""

    def __init__(self, app: Any, context: WorkerContext) -> None:
        settings = context.settings
        self._app = app
        self._bootstrap = settings.bootstrap
        self._servers = settings.bootstrap.split(",")
        self._source = settings.topic
        self._topic = settings.dead_letter_topic
        self._origin = Origin(settings.group, context.facts.topic_id)
        self._partitions = context.letter_partitions
        # A poll's letters are sent before its offset is stored, so no more than a poll's are
        # usually there already, times the source partitions that share a partition of this topic.
        shared = -(-context.partitions // context.letter_partitions)
        self._most = settings.poll_records * shared + 1
        self._sent: dict[int, SentLetters] = {}
        self._stopping = asyncio.Event()

    async def read_sent(self, number: int, offset: int) -> None:
        """Learn which letters of source partition ``number`` from ``offset`` on are there already.

        Waits for the broker. Raises LogError where the dead-letter topic cannot be read.
        """
        self._sent[number] = await until_answered(
            lambda: self._read_sent_letters(number, offset), f"topic {self._topic!r}"
        )

    async def _read_sent_letters(self, number: int, offset: int) -> SentLetters:
        where = number % self._partitions
        async with LetterLog.open(self._servers, self._topic, where) as letters:
            start, end = await letters.range()
            begin = max(start, end - self._most)
            while True:
                sent, sure = SentLetters(offset), begin == start
                async for record in letters.read(begin, end):
                    sure |= self._take(record, number, sent)
                if sure:
                    return sent
                begin = start

    async def send(self, letters: Sequence[DeadLetter]) -> bool:
        """Send the letters that are not there yet and wait until the broker has them all.

        The letters are of one source partition, in the order of their offsets. False: the worker
        stops and the broker does not answer, so nothing that follows from these records may be
        stored. Raises LogError where the broker refuses a letter for good.
        """
        if not letters:
            return True
        delivering = asyncio.ensure_future(self._deliver(letters))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait([delivering, stopping], return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait([delivering], timeout=_STOP_SECONDS)
            if not delivering.done():
                return False
            delivering.result()
            return True
        finally:
            delivering.cancel()
            stopping.cancel()

    def stop(self) -> None:
        """Let nobody wait for the broker much longer: the worker stops."""
        self._stopping.set()

    async def _deliver(self, letters: Sequence[DeadLetter]) -> None:
        number, first = letters[0].partition, letters[0].record.offset
        self._sent[number].forget_before(first)
        missing = self._missing(letters)
        while left := self._missing(letters):
            try:
                await self._send(left)
            except ProducerSendError as error:
                await self._wait(error.__cause__ or error)
            except AssertionError as error:  # aiokafka asserts that a partition is there
                await self._wait(error)
            except KafkaError as error:
                # It is not known what became of these, nor which number the next one has.
                await self._wait(error)
                await until_answered(self._app.producer.renew, f"topic {self._topic!r}")
                await self.read_sent(number, first)
        if missing:
            reasons = Counter(letter.reason for letter in missing)
            log.warning("sessions rejected", extra=fields(count=len(missing), **reasons))

    def _missing(self, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
        sent = self._sent[letters[0].partition]
        return [letter for letter in letters if letter.record.offset not in sent]

    async def _send(self, letters: Sequence[DeadLetter]) -> None:
        """Send these letters in order.

        Raises ProducerSendError where one of them was not even tried, after all before it have
        arrived, and another KafkaError where one may have arrived or not.
        """
        sent = self._sent[letters[0].partition]
        answers: list[Any] = []
        untried: ProducerSendError | None = None
        for letter in letters:
            offset = letter.record.offset
            headers = [*letter.headers, *self._origin.headers]
            headers.append((_FURTHEST, str(max(sent.furthest, offset)).encode()))
            where = letter.partition % self._partitions
            try:
                answers.append(
                    await self._app.producer.send(
                        self._topic, letter.key, letter.value, where, None, headers
                    )
                )
            except ProducerSendError as error:
                untried = error
                break
            sent.add(offset)
        failures = await asyncio.gather(*answers, return_exceptions=True)
        for failure in failures:
            if isinstance(failure, BaseException):
                raise failure
        if untried is not None:
            raise untried

    async def _wait(self, error: BaseException) -> None:
        """Pause before the next try; raises LogError where there is no use in one."""
        log.debug("dead letters are not sent", exc_info=error)
        if not will_pass(error):
            raise LogError(
                f"the topic of dead letters, {self._topic!r}, does not take them "
                f"({type(error).__name__}): see that it is there with {self._partitions} "
                "partitions (`hcdv-stream topics create`) and takes records of 1 MiB "
                "(max.message.bytes) from this client, then start the worker again"
            ) from error
        await asyncio.sleep(_AGAIN_SECONDS)
        with suppress(BrokerError):
            counts = await asyncio.to_thread(
                partition_counts, self._bootstrap, [self._topic], _ASKED_SECONDS
            )
            if not counts[self._topic]:
                raise LogError(
                    f"topic {self._topic!r} for rejected sessions is gone from the broker: make it "
                    "anew with `hcdv-stream topics create`, then start the worker again"
                ) from error

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
