"""A run of records of one partition, judged: what goes to the engine, and what to dead letters."""

from collections.abc import Container, Sequence
from dataclasses import dataclass

import numpy as np

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.bundle.schema import Row
from hcdv_stream.valuation.batch import DELETION, Batch
from hcdv_stream.worker.dead_letters import DeadLetter, Record
from hcdv_stream.worker.session import Deletion, Judge, RejectedError, Session


@dataclass(frozen=True, slots=True)
class Judged:
    """The records that were accepted, in order, their offsets beside them; and the rejected.

    ``ignored`` counts deletions of unknown ids on a compacted topic.
    """

    accepted: Sequence[Session | Deletion]
    offsets: Sequence[int]
    rejected: Sequence[DeadLetter]
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
        rows: list[Row] = [session.row for session, _ in sessions]
        positions = np.array([offset for _, offset in sessions], np.int64)
        embeddings = np.zeros((len(self.accepted), bundle.dimensions), np.float32)
        present = np.array([isinstance(record, Session) for record in self.accepted], np.bool_)
        if sessions:
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
        )


def judge_records(
    judge: Judge,
    topic: str,
    partition: int,
    records: Sequence[Record],
    known: Container[str],
    *,
    compacted: bool = False,
) -> Judged:
    """Judge a run of records in order.

    ``known`` are the ids there before it. A null for an id that is not there as of that record is
    rejected, whether it was never there or has gone since; not if the topic is ``compacted``, where
    the broker keeps a deletion longer than what it deletes.
    """
    accepted: list[Session | Deletion] = []
    offsets: list[int] = []
    rejected: list[DeadLetter] = []
    changed: dict[str, bool] = {}
    ignored = 0
    for record in records:
        try:
            judged = judge.judge(record.key, record.value)
            there = isinstance(judged, Session)
            if not there and not changed.get(judged.id, judged.id in known):
                if compacted:
                    ignored += 1
                    continue
                raise RejectedError("unknown_id", f"there is no example {judged.id[:64]!r}")
        except RejectedError as error:
            rejected.append(DeadLetter(topic, partition, record, error.reason, str(error)))
            continue
        changed[judged.id] = there
        accepted.append(judged)
        offsets.append(record.offset)
    return Judged(accepted, offsets, rejected, ignored)
