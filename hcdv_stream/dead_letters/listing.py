"""Counts dead letters and picks out a few."""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass

from hcdv_stream.dead_letters.letter import Letter, LetterFilter
from hcdv_stream.dead_letters.log import TopicReader
from hcdv_stream.dead_letters.replay_log import ReplayLog
from hcdv_stream.settings import Settings


@dataclass(frozen=True, slots=True)
class Listing:
    """The letters that are meant: how many, of which reasons, how many were sent again; the newest.

    ``rows`` are as ``Letter.row`` gives them, each with ``replayed``.
    """

    total: int
    by_reason: Counter[str]
    replayed: int
    rows: list[dict[str, object]]


def list_letters(settings: Settings, wanted: LetterFilter, limit: int) -> Listing:
    """Read the dead-letter topic once; raises BrokerError."""
    known, reasons, identities = ReplayLog(), Counter[str](), Counter[str]()
    rows: deque[tuple[str, dict[str, object]]] = deque(maxlen=limit)
    for letter in _letters(settings, wanted, known):
        reasons[letter.reason] += 1
        identities[letter.identity] += 1
        rows.append((letter.identity, letter.row()))
    sent = known.sent
    replayed = sum(count for identity, count in identities.items() if identity in sent)
    newest = [row | {"replayed": identity in sent} for identity, row in reversed(rows)]
    return Listing(reasons.total(), reasons, replayed, newest)


def find_letters(settings: Settings, wanted: LetterFilter) -> list[Letter]:
    """Return the letters that are meant, whole; raises BrokerError."""
    return list(_letters(settings, wanted, ReplayLog()))


def _letters(settings: Settings, wanted: LetterFilter, known: ReplayLog) -> Iterator[Letter]:
    with TopicReader.open(settings.bootstrap, settings.dead_letter_topic) as reader:
        for record in reader.read():
            if known.take(record):
                continue
            letter = Letter.of(record)
            if letter is not None and wanted.matches(letter):
                yield letter
