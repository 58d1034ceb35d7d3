"""Validates a run of records of one partition, and embeds what it accepts as the engine's batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.bundle.fingerprints import fingerprints
from hcdv_stream.valuation.batch import DELETION, Batch
from hcdv_stream.valuation.tree.leaf import no_fingerprints
from hcdv_stream.worker.letters.dead_letter import DeadLetter, Record
from hcdv_stream.worker.session import Deletion, RejectedError, Session, SessionValidator


class KnownExamples(Protocol):
    """The examples that are there, by id."""

    def __contains__(self, name: object) -> bool:
        """Whether there is an example of that id."""

    def provider_of(self, name: str) -> str | None:
        """Return its provider; raises KeyError if it is not there."""


class ProvidersById(dict[str, str | None]):
    """Providers by id: examples that are known without an engine."""

    def provider_of(self, name: str) -> str | None:
        """Return the provider of an id."""
        return self[name]


@dataclass(frozen=True, slots=True)
class ValidatedRecords:
    """The records that were accepted, in order, their offsets beside them; and the rejected.

    ``refused`` are the providers of sessions that were rejected because their id is foreign.
    ``ignored`` counts deletions of unknown ids on a compacted topic.
    """

    accepted: Sequence[Session | Deletion]
    offsets: Sequence[int]
    rejected: Sequence[DeadLetter]
    refused: Sequence[str | None] = ()
    ignored: int = 0

    @property
    def sessions(self) -> list[tuple[Session, int]]:
        """The sessions among the accepted records, with their offsets."""
        pairs = zip(self.accepted, self.offsets, strict=True)
        return [(record, offset) for record, offset in pairs if isinstance(record, Session)]

    def batch(self, bundle: Bundle) -> Batch:
        """Embed the sessions and return the records as the engine takes them.

        A record's offset is its position in the log, on which its embedding's last bits depend.
        """
        sessions = self.sessions
        positions = np.array([offset for _, offset in sessions], np.int64)
        embeddings = np.zeros((len(self.accepted), bundle.dimensions), np.float32)
        present = np.array([isinstance(record, Session) for record in self.accepted], np.bool_)
        prints = no_fingerprints(len(self.accepted))
        if sessions:
            rows = np.array([session.row for session, _ in sessions], np.float64)
            prints[present] = fingerprints(rows, [session.label for session, _ in sessions])
            embeddings[present] = bundle.encode(bundle.schema.matrix(rows), positions)
        return Batch(
            [record.id for record in self.accepted],
            np.array(
                [r.label if isinstance(r, Session) else DELETION for r in self.accepted], np.int16
            ),
            [r.provider if isinstance(r, Session) else None for r in self.accepted],
            np.array(
                [r.time if isinstance(r, Session) else 0.0 for r in self.accepted], np.float64
            ),
            embeddings,
            prints,
        )


def validate_records(
    validator: SessionValidator,
    source: tuple[str, int],
    records: Sequence[Record],
    known: KnownExamples,
    *,
    reject_foreign: bool = False,
    compacted: bool = False,
) -> ValidatedRecords:
    """Validate a run of records of ``source``, a topic and a partition, in order.

    ``known`` are the ids there before it, and their providers. A null for an id that is not there
    as of that record is rejected, whether it was never there or has gone since; not if the topic is
    ``compacted``, where the broker keeps a deletion longer than what it deletes. With
    ``reject_foreign`` a session whose id belongs to another provider's example is rejected too.
    """
    accepted: list[Session | Deletion] = []
    offsets: list[int] = []
    rejected: list[DeadLetter] = []
    refused: list[str | None] = []
    ignored = 0
    changed: dict[str, Session | None] = {}
    for record in records:
        try:
            validated = validator.validate(record.key, record.value)
            id = validated.id
            there = changed[id] is not None if id in changed else id in known
            if isinstance(validated, Deletion):
                if not there and compacted:
                    ignored += 1
                    continue
                if not there:
                    raise RejectedError("unknown_id", "there is no example of this id")
                changed[id] = None
            else:
                if there and reject_foreign:
                    session = changed.get(id)
                    provider = session.provider if session else known.provider_of(id)
                    if provider != validated.provider:
                        refused.append(validated.provider)
                        raise RejectedError("foreign_id", "the id is another provider's")
                changed[id] = validated
        except RejectedError as error:
            rejected.append(DeadLetter(*source, record, error.reason, str(error)))
            continue
        accepted.append(validated)
        offsets.append(record.offset)
    return ValidatedRecords(accepted, offsets, rejected, refused, ignored)
