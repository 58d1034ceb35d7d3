"""Sends rejected records to the sessions' topic again, each letter once however often it is run.

A record goes out as it came, with its key, value and headers, and with a marker that names its
letter. What was sent is remembered in the dead-letter topic (``replay_log``).
"""

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from kafka.errors import KafkaError

from hcdv_stream.broker.clients import open_producer
from hcdv_stream.dead_letters.letter import MARKER, Letter, LetterFilter
from hcdv_stream.dead_letters.log import TopicReader
from hcdv_stream.dead_letters.replay_log import PastRun, ReplayLog, replay_record
from hcdv_stream.errors import HcdvError
from hcdv_stream.settings import Settings

_BATCH_LETTERS = 500
_BATCH_BYTES = 8 << 20
_DELIVERY_SECONDS = 30.0
_DEAD_AFTER_SECONDS = 60.0
"""A run writes after every batch, and a batch takes no longer than its delivery may."""
_MAX_REQUEST_BYTES = 8 << 20


class ReplayError(HcdvError):
    """A replay that cannot be done now."""


@dataclass
class Outcome:
    """What became of the letters that were meant; ``replayed`` would be, in a dry run."""

    replayed: int = 0
    already: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)


def replay(settings: Settings, wanted: LetterFilter, *, dry_run: bool) -> Outcome:
    """Send every letter that is meant and was not sent yet; a dry run only counts.

    Raises ReplayError where another replay runs or the broker refuses a record, BrokerError where
    there is no broker. Done again, it goes on where it was interrupted.
    """
    if dry_run:
        with TopicReader.open(settings.bootstrap, settings.dead_letter_topic) as letters:
            known = ReplayLog()
            for record in letters.read():
                known.take(record)
            return _send(letters, wanted, _without(known, settings), None)
    with (
        TopicReader.open(settings.bootstrap, settings.dead_letter_topic) as letters,
        TopicReader.open(settings.bootstrap, settings.topic) as sessions,
        _producer(settings) as producer,
    ):
        run = ReplayRun(settings, producer)
        run.write("begun", ends=sessions.ends())
        try:
            known = ReplayLog()
            for record in letters.read():
                known.take(record)
            sent = known.sent | run.record_interrupted(known, sessions)
            return _send(letters, wanted, sent, run)
        finally:
            # A run that does not know what arrived stays open: the next one looks for its marks.
            if not run.unsure:
                run.write("ended")


class ReplayRun:
    """A replay under way."""

    def __init__(self, settings: Settings, producer: Any) -> None:
        self._settings = settings
        self._producer = producer
        self._pending: list[Any] = []
        self._letters: list[str] = []
        self._bytes = 0
        self.name = uuid.uuid4().hex

    @property
    def unsure(self) -> bool:
        """Whether records were sent of which it is not noted that they arrived."""
        return bool(self._letters)

    def write(self, event: Any, run: str | None = None, **content: Any) -> None:
        """Take note of an event in the dead-letter topic."""
        record = replay_record(event, run or self.name, **content)
        self._await([self._producer.send(self._settings.dead_letter_topic, **record)])

    def record_interrupted(self, known: ReplayLog, sessions: TopicReader) -> set[str]:
        """Find out what interrupted runs had sent without recording it, and record it."""
        dead = known.open_before(self.name)
        now = known.runs[self.name].last_time
        for run in dead:
            if now - run.last_time < _DEAD_AFTER_SECONDS:
                raise ReplayError(
                    f"another replay of {self._settings.dead_letter_topic!r} wrote "
                    f"{now - run.last_time:.0f} s ago and has not ended: wait for it, or, if it "
                    f"was killed, try again in {_DEAD_AFTER_SECONDS:.0f} s"
                )
        if not dead:
            return set()
        found = _marks(dead, sessions)
        for run in dead:
            self.write("ended", run.name, letters=found)
        return found

    def send(self, letter: Letter) -> None:
        """Send a letter's record; it is on its way when this returns."""
        headers = [(name, value) for name, value in letter.source_headers if name != MARKER]
        headers.append((MARKER, letter.identity.encode()))
        self._letters.append(letter.identity)
        try:
            self._pending.append(
                self._producer.send(
                    self._settings.topic,
                    key=letter.source_key,
                    value=letter.value,
                    headers=headers,
                )
            )
        except KafkaError as error:
            raise self._refused(error) from error
        self._bytes += len(letter.value or b"")
        if len(self._letters) >= _BATCH_LETTERS or self._bytes >= _BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Wait until everything sent has arrived, and take note of it."""
        self._await(self._pending)
        if self._letters:
            self.write("sent", letters=self._letters)
        self._pending, self._letters, self._bytes = [], [], 0

    def _await(self, pending: list[Any]) -> None:
        self._producer.flush(_DELIVERY_SECONDS)
        for answer in pending:
            try:
                answer.get(_DELIVERY_SECONDS)
            except KafkaError as error:
                raise self._refused(error) from error

    def _refused(self, error: KafkaError) -> ReplayError:
        return ReplayError(
            f"the broker at HCDV_BOOTSTRAP={self._settings.bootstrap} does not take a record "
            f"({error}): look at it and replay again, which goes on where this ended"
        )


def _send(
    letters: TopicReader, wanted: LetterFilter, sent: set[str], run: ReplayRun | None
) -> Outcome:
    outcome = Outcome()
    for record in letters.read():
        letter = Letter.of(record)
        if letter is None or not wanted.matches(letter):
            continue
        if letter.identity in sent:
            outcome.already += 1
        elif letter.replay_obstacle:
            outcome.refused[letter.replay_obstacle] += 1
        else:
            sent.add(letter.identity)
            outcome.replayed += 1
            outcome.reasons[letter.reason] += 1
            if run is not None:
                run.send(letter)
    if run is not None:
        run.flush()
    return outcome


def _without(known: ReplayLog, settings: Settings) -> set[str]:
    """Return what was sent, without recording it: interrupted runs count by what they left."""
    dead = [run for run in known.runs.values() if not run.ended]
    if not dead:
        return known.sent
    with TopicReader.open(settings.bootstrap, settings.topic) as sessions:
        return known.sent | _marks(dead, sessions)


def _marks(dead: Sequence[PastRun], sessions: TopicReader) -> set[str]:
    """Return the letters whose records are in the sessions' topic since the first run began."""
    begin = {
        number: min(run.ends.get(number, 0) for run in dead) for run in dead for number in run.ends
    }
    return {
        value.decode()
        for record in sessions.read(begin)
        for name, value in record.headers
        if name == MARKER
    }


@contextmanager
def _producer(settings: Settings) -> Iterator[Any]:
    producer = open_producer(
        settings.bootstrap,
        enable_idempotence=True,
        acks="all",
        linger_ms=5,
        delivery_timeout_ms=int(_DELIVERY_SECONDS * 1000),
        request_timeout_ms=int(_DELIVERY_SECONDS * 500),
        max_request_size=_MAX_REQUEST_BYTES,
    )
    try:
        yield producer
    finally:
        producer.close(timeout=_DELIVERY_SECONDS)
