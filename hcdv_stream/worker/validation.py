"""Validates a run of records of one partition; embeds and doubts what it accepts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.bundle.fingerprints import fingerprints
from hcdv_stream.valuation.batch import DELETION, Batch
from hcdv_stream.valuation.doubt.model import DoubtModel
from hcdv_stream.valuation.doubt.packed import Packed, pack
from hcdv_stream.valuation.tree.leaf import no_fingerprints
from hcdv_stream.worker.letters.dead_letter import DeadLetter, Record
from hcdv_stream.worker.session import Deletion, RejectedError, Session, SessionValidator


class KnownExamples(Protocol):
    """The examples and the trusted sessions that are there, by id."""

    def __contains__(self, name: object) -> bool:
        """Whether there is an example of that id."""

    def provider_of(self, name: str) -> str | None:
        """Return its provider; raises KeyError if it is not there."""

    def holds_trusted(self, name: str) -> bool:
        """Whether the id is that of a trusted session in V."""


class ProvidersById(dict[str, str | None]):
    """Providers by id: examples that are known without an engine."""

    def provider_of(self, name: str) -> str | None:
        """Return the provider of an id."""
        return self[name]

    def holds_trusted(self, name: str) -> bool:
        """Whether an id is that of a trusted session: none is."""
        return False


@dataclass(frozen=True, slots=True)
class ValidatedRecords:
    """The records that were accepted, in order, their offsets beside them; and the rejected.

    ``refused`` are the providers of sessions that were rejected because their id is foreign.
    ``ignored`` counts deletions of unknown ids on a compacted topic, ``read`` the records that were
    looked at.
    """

    accepted: Sequence[Session | Deletion]
    offsets: Sequence[int]
    rejected: Sequence[DeadLetter]
    refused: Sequence[str | None] = ()
    ignored: int = 0
    read: int = 0

    @property
    def sessions(self) -> list[tuple[Session, int]]:
        """The sessions among the accepted records, with their offsets."""
        pairs = zip(self.accepted, self.offsets, strict=True)
        return [(record, offset) for record, offset in pairs if isinstance(record, Session)]

    @property
    def is_session(self) -> npt.NDArray[np.bool_]:
        """Which of the accepted records are sessions, (n,)."""
        return np.array([isinstance(record, Session) for record in self.accepted], np.bool_)

    def batch(
        self,
        bundle: Bundle,
        counted: npt.NDArray[np.float64] | None = None,
        event_times: npt.NDArray[np.float64] | None = None,
    ) -> Batch:
        """Embed the sessions and return the records as the engine takes them.

        A record's offset is its position in the log, on which its embedding's last bits depend.
        ``counted`` are what the event times of the sessions count as; None: as what they say.
        ``event_times`` (n,) are the stream's after each accepted record.
        """
        sessions = self.sessions
        positions = np.array([offset for _, offset in sessions], np.int64)
        embeddings = np.zeros((len(self.accepted), bundle.dimensions), np.float32)
        present = self.is_session
        times = np.zeros(len(self.accepted), np.float64)
        times[present] = [session.time for session, _ in sessions] if counted is None else counted
        prints = no_fingerprints(len(self.accepted))
        doubts = np.zeros(len(self.accepted), np.uint64)
        if sessions:
            rows = np.array([session.row for session, _ in sessions], np.float64)
            prints[present] = fingerprints(rows, [session.label for session, _ in sessions])
            features = bundle.schema.matrix(rows)
            embeddings[present] = bundle.encode(features, positions)
            if bundle.doubt is not None:
                doubts[present] = _doubts(bundle.doubt, sessions, features, prints[present, 0])
        return Batch(
            [record.id for record in self.accepted],
            np.array(
                [r.label if isinstance(r, Session) else DELETION for r in self.accepted], np.int16
            ),
            [r.provider if isinstance(r, Session) else None for r in self.accepted],
            times,
            embeddings,
            prints,
            np.array([isinstance(r, Session) and r.trusted for r in self.accepted], np.bool_),
            event_times,
            doubts,
        )


def _doubts(
    model: DoubtModel,
    sessions: Sequence[tuple[Session, int]],
    features: npt.NDArray[np.float32],
    prints: npt.NDArray[np.uint64],
) -> Packed:
    """Doubt the labels of sessions, (n,). A trusted session is not doubted."""
    words = np.zeros(len(sessions), np.uint64)
    doubted = [row for row, (session, _) in enumerate(sessions) if not session.trusted]
    providers = [sessions[row][0].provider for row in doubted]
    labels = np.array([sessions[row][0].label for row in doubted], np.int16)
    found = model.doubts(features[doubted], labels, providers)
    words[doubted] = pack(found, model.evidence, model.seen(prints[doubted], providers))
    return words


def validate_records(
    validator: SessionValidator,
    source: tuple[str, int],
    records: Sequence[Record],
    known: KnownExamples,
    *,
    reject_foreign: bool = False,
    compacted: bool = False,
    most: int | None = None,
) -> ValidatedRecords:
    """Validate a run of records of ``source``, a topic and a partition, in order.

    ``known`` are the ids there before it, and their providers. A null for an id that is not there
    as of that record is rejected, whether it was never there or has gone since; not if the topic is
    ``compacted``, where the broker keeps a deletion longer than what it deletes. With
    ``reject_foreign`` a session whose id belongs to another provider's example is rejected too. An
    evaluator is not replaced by an example: a session that is not trusted and has the id of one
    that is in V is always rejected. ``most`` ends the run once so many records are accepted.
    """
    accepted: list[Session | Deletion] = []
    offsets: list[int] = []
    rejected: list[DeadLetter] = []
    refused: list[str | None] = []
    ignored = 0
    changed: dict[str, Session | None] = {}
    read = 0
    for record in records:
        if len(accepted) == most:
            break
        read += 1
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
                session = changed.get(id)
                if there and not validated.trusted:
                    trusted = session.trusted if session else known.holds_trusted(id)
                    if trusted:
                        refused.append(validated.provider)
                        raise RejectedError("foreign_id", "the id is that of a trusted session")
                if there and reject_foreign:
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
    return ValidatedRecords(accepted, offsets, rejected, refused, ignored, read)
