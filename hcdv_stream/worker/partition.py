"""One partition of the topic: passes runs of records through its engine and its store.

``apply`` computes, ``write`` makes it durable: one write holds the effect and the offset behind
it. Between the two, and only there, the rejected records are sent to the dead-letter topic: an
offset that is stored never covers a letter that was not sent.
"""

import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.runtime.logs import fields
from hcdv_stream.settings import Settings
from hcdv_stream.state.errors import REBUILD, StateError
from hcdv_stream.state.heartbeat import LogEnd
from hcdv_stream.state.identity import Identity
from hcdv_stream.state.log_identity import LogIdentity
from hcdv_stream.state.store import PartitionStore, StoreMeasures
from hcdv_stream.state.stored import Position, StoredPartition
from hcdv_stream.valuation.drift.evaluator_shortage import least_evaluators
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.games.registry import game_of
from hcdv_stream.valuation.state import Delta
from hcdv_stream.worker.evaluator_warnings import EvaluatorWarnings
from hcdv_stream.worker.event_time import TOLERANCE_SECONDS, event_times
from hcdv_stream.worker.kafka.progress import LogProgress
from hcdv_stream.worker.letters.dead_letter import DeadLetter, Record
from hcdv_stream.worker.metrics.arrivals import ArrivalMetrics
from hcdv_stream.worker.metrics.corpus import CorpusMetrics
from hcdv_stream.worker.metrics.definitions import WorkerMetrics
from hcdv_stream.worker.metrics.validation import ValidationMetrics
from hcdv_stream.worker.misplacement import Misplacement
from hcdv_stream.worker.session import SessionValidator
from hcdv_stream.worker.supervision.heartbeat_writer import HeartbeatWriter
from hcdv_stream.worker.supervision.leaf_sample import LeafSample, MismatchError
from hcdv_stream.worker.trust import Trust
from hcdv_stream.worker.validation import ValidatedRecords, validate_records

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """What a run of records comes to: the difference to write, and the letters to send first.

    ``oldest_event`` and ``oldest_append`` are the earliest times among the sessions in it, None
    where there is none.
    """

    delta: Delta
    position: Position
    rejected: Sequence[DeadLetter]
    records: int
    oldest_event: float | None
    oldest_append: float | None


@dataclass(slots=True)
class _RoutedRecords:
    """What a run of records came to so far; ``event_time`` is the stream's."""

    event_time: float
    read: int = 0
    accepted: int = 0
    times: list[float] = field(default_factory=list)
    rejected: list[DeadLetter] = field(default_factory=list)

    def add(self, validated: ValidatedRecords) -> None:
        """Take in what was validated next."""
        self.read += validated.read
        self.accepted += len(validated.accepted)
        self.times += [session.time for session, _ in validated.sessions]
        self.rejected += validated.rejected


class Partition:
    """A partition that this worker owns. Not to be used by two threads at once."""

    def __init__(
        self,
        settings: Settings,
        identity: Identity,
        bundle: Bundle,
        metrics: WorkerMetrics,
        store: PartitionStore,
        *,
        compacted: bool,
    ) -> None:
        """Continue from what the store holds; use ``open``."""
        self._compacted = compacted
        self._identity = identity
        self._bundle = bundle
        self._metrics = metrics
        self._store = store
        trust = Trust.of(settings)
        self._validator = SessionValidator(
            bundle.schema, bundle.classes, settings.max_message_bytes, trust
        )
        self._may_move = bool(trust)
        self._labels = (identity.topic, str(identity.partition))
        for time_of in ("event", "append"):  # from zero, so that a rate sees the first
            metrics.future_times.labels(*self._labels, time_of)
        stored = store.load()
        self._position = stored.position if stored else None
        self._engine = _engine(identity, bundle, stored)
        self._begin = store.log.begins_at if store.log else 0
        if store.log is not None:
            metrics.complete.labels(*self._labels).set(store.log.complete)
            if not store.log.complete:
                log.warning(
                    "corpus is truncated: the log's beginning is gone",
                    extra=fields(partition=identity.partition, begins_at=store.log.begins_at),
                )
        self._misplacement = Misplacement(
            identity.topic, identity.partition, store.log.partitions if store.log else 1
        )
        # A game of its own: the engine's may be playing while a sample is replayed.
        self._verifier = game_of(identity.engine, len(bundle.classes), bundle.validation)
        metrics.verified_leaves.labels(*self._labels)
        metrics.leaf_mismatches.labels(*self._labels)
        metrics.erasures.labels(*self._labels)
        self._progress = LogProgress(self.expected, 0)
        self._corpus = CorpusMetrics(metrics, self._labels, bundle, self._engine, settings.weights)
        least = least_evaluators(
            identity.engine.validation_least, np.array(identity.validation_counts, np.int64)
        )
        self._validation = ValidationMetrics(
            metrics, self._labels, bundle.classes, self._engine, least
        )
        self._warnings = EvaluatorWarnings(identity.partition, identity.classes, least)
        self._warnings.check(self._engine.root_sketch.counts, self._engine.trusted_counts)
        self._arrivals = ArrivalMetrics(metrics, self._labels, self._engine.arrivals)
        self._reject_foreign = settings.foreign_ids == "reject"
        self._heartbeat = HeartbeatWriter(
            directory_of(settings, identity.partition), metrics.heartbeat_failures
        )
        self.write_heartbeat()

    @classmethod
    def open(
        cls,
        settings: Settings,
        number: int,
        bundle: Bundle,
        metrics: WorkerMetrics,
        log: LogIdentity | None = None,
        *,
        compacted: bool = False,
    ) -> Self:
        """Open or create the state of partition ``number``; ``log`` is its log as it is now.

        On a ``compacted`` log, deletions of unknown ids are no dead letters.

        Raises StateLocked where another process owns it, StateError where it is another's.
        """
        identity = Identity(
            settings.topic,
            number,
            bundle.checksum,
            bundle.classes,
            tuple(bundle.validation.counts(len(bundle.classes)).tolist()),
            settings.engine(bundle.tau),
        )
        store = PartitionStore.open(
            directory_of(settings, number),
            identity=identity,
            log=log,
            accept_truncated=settings.truncated_log == "accept",
            sync=settings.sync_writes,
            log_length=settings.update_log_length,
        )
        try:
            return cls(settings, identity, bundle, metrics, store, compacted=compacted)
        except BaseException:
            with suppress(StateError):  # what went wrong first is what must be said
                store.close()
            raise

    @property
    def next_offset(self) -> int | None:
        """The first offset without effect yet; None where nothing was ever stored."""
        return self._position.next_offset if self._position else None

    @property
    def expected(self) -> int:
        """The offset of the next record, where none is missing in the log."""
        return self.next_offset if self.next_offset is not None else self._begin

    def without_effect(self, records: Sequence[Record]) -> Sequence[Record]:
        """Return the records whose effect is not stored yet, and count the others."""
        done = self.next_offset or 0
        fresh = [record for record in records if record.offset >= done]
        self._metrics.skipped.labels(*self._labels).inc(len(records) - len(fresh))
        return fresh

    def apply(self, records: Sequence[Record], high_watermark: int) -> Step:
        """Validate, embed, place and play a run of fresh records, at least one, in log order.

        The engine has gone on afterwards: either ``write`` the step, or give the partition up.
        """
        self._misplacement.check(records)
        metrics, engine = self._metrics, self._engine
        metrics.bytes.labels(*self._labels).inc(
            sum(len(record.key or b"") + len(record.value or b"") for record in records)
        )
        routed = _RoutedRecords(self._position.event_time if self._position else 0.0)
        while routed.read < len(records):
            self._route(records, routed)
        with metrics.stage("play"):
            delta = engine.play()
        metrics.stage_items.labels("play").observe(len(delta.leaves))
        return self._step(records, routed, delta, high_watermark)

    def write(self, step: Step) -> None:
        """Make a step durable, effect and offset in one write; raises StateError."""
        metrics = self._metrics
        size = len(step.delta.leaves) + len(step.delta.nodes)
        with metrics.stage("write", size):
            self._store.write(step.delta, step.position)
        self._position = step.position
        now = time.time()
        if step.oldest_event is not None and step.oldest_append is not None:
            metrics.age.labels("event").observe(max(now - step.oldest_event, 0.0))
            metrics.age.labels("append").observe(max(now - step.oldest_append, 0.0))
        metrics.records.labels(*self._labels).inc(step.records)
        for letter in step.rejected:
            metrics.dead_letters.labels(*self._labels, letter.reason).inc()
        self._corpus.publish(step.delta)
        self._arrivals.publish(step.delta.providers)
        self._validation.publish()
        self._warnings.check(self._engine.root_sketch.counts, self._engine.trusted_counts)

    def sample_leaf(self, generator: np.random.Generator) -> LeafSample | None:
        """Return a leaf at random as engine and store have it; None before the first write.

        Not while the engine works. What is returned does not change any more.
        """
        if self._position is None:
            return None
        leaf = self._engine.any_leaf(generator)
        return LeafSample(
            leaf,
            self._store.read_leaf(leaf.id),
            self._engine.evaluators_of(leaf.id),
            self._engine.strays(leaf.id),
            self._engine.drift.peers_since,
        )

    def verify(self, sample: LeafSample) -> None:
        """Replay a leaf; raises MismatchError where engine, store and replay differ."""
        differences = sample.differences(self._verifier, len(self._identity.classes))
        self._metrics.verified_leaves.labels(*self._labels).inc()
        if differences:
            self._metrics.leaf_mismatches.labels(*self._labels).inc()
            raise MismatchError(
                f"leaf {sample.leaf.id} of partition {self._identity.partition} differs from a "
                f"replay ({'; '.join(differences)}): do not pay by these values, look with "
                f"`hcdv-stream state verify`, and {REBUILD}"
            )

    @property
    def progress(self) -> LogProgress:
        """Where this partition was in its log when somebody last looked."""
        return self._progress

    def observe(self, progress: LogProgress) -> None:
        """Record where this partition is in its log, and publish it."""
        self._progress = progress
        self._metrics.lag.labels(*self._labels).set(progress.behind)

    def record_log_end(self, end: LogEnd) -> None:
        """Record where the broker says that the log ends."""
        self._heartbeat.record_log_end(end)

    def check_place(self) -> None:
        """See that the state's directory was not moved or replaced; raises StateError."""
        self._store.check_place()

    def write_heartbeat(self) -> None:
        """Write the heartbeat, from which readers know how current the state is."""
        self._heartbeat.write(self.next_offset or 0, self._reached)

    @property
    def _reached(self) -> int:
        return max(self.expected, self._progress.position)

    @property
    def erasure_due_since(self) -> float | None:
        """When the oldest deletion was written whose bytes may be left in files, or None."""
        return self._store.erasure_due_since

    def observe_erasure(self, overdue: float) -> None:
        """Publish for how many seconds too long an erasure has been due."""
        self._metrics.erasure_overdue.labels(*self._labels).set(overdue)

    def begin_erasure(self) -> frozenset[str]:
        """Flush the state; return the files that ``erase`` is to see gone."""
        return self._store.begin_erasure()

    def erase(self, files: frozenset[str]) -> bool:
        """Compact the state, beside whoever writes; False if ``close`` interrupted it."""
        return self._store.erase(files)

    def end_erasure(self) -> None:
        """Note that what was deleted before ``begin_erasure`` is gone."""
        self._store.end_erasure()
        self._metrics.erasures.labels(*self._labels).inc()

    def measures(self) -> StoreMeasures:
        """Return what the store says of itself; raises StateError."""
        return self._store.measures()

    def close(self) -> None:
        """Give the partition up; raises StateError where its store cannot be closed well."""
        self._heartbeat.release(self.next_offset or 0, self._reached)
        try:
            self._store.close()
        finally:
            self._arrivals.close()
            self._validation.close()
            self._metrics.forget(*self._labels)

    def _route(self, records: Sequence[Record], routed: "_RoutedRecords") -> None:
        """Validate, embed and place what is left of a run of records.

        At an update's end evaluators may leave V, and whether an id is there decides what is
        accepted. So once V moves, records are validated update by update: no cut into polls
        matters.
        """
        metrics, engine = self._metrics, self._engine
        left = records[routed.read :]
        most = engine.records_left if self._may_move or engine.moves else None
        with metrics.stage("validate", len(left)):
            validated = validate_records(
                self._validator,
                (self._identity.topic, self._identity.partition),
                left,
                engine,
                reject_foreign=self._reject_foreign,
                compacted=self._compacted,
                most=most,
            )
        metrics.ignored_deletions.labels(*self._labels).inc(validated.ignored)
        reached, counted = self._event_times(left, validated, routed)
        with metrics.stage("embed", len(reached)):
            batch = validated.batch(self._bundle, counted, reached)
        for provider in validated.refused:
            engine.refuse(provider)
        with metrics.stage("place", len(batch)):
            engine.route(batch)
        self._corpus.observe(batch)
        self._arrivals.observe(batch)
        routed.add(validated)

    def _event_times(
        self, records: Sequence[Record], validated: ValidatedRecords, routed: "_RoutedRecords"
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return the stream's event time after each accepted record, and each session's own.

        Moves the stream's on.
        """
        sessions = validated.sessions

        def appended_at() -> list[float]:
            at = {record.offset: record.append_time for record in records}
            return [at[offset] for _, offset in sessions]

        earliest = min(record.append_time for record in records)
        times = [session.time for session, _ in sessions]
        found = event_times(routed.event_time, times, appended_at, earliest)
        self._metrics.future_times.labels(*self._labels, "event").inc(found.future)
        steps = np.concatenate([[routed.event_time], found.reached])
        routed.event_time = float(steps[-1])
        return steps[np.cumsum(validated.is_session)], found.counted

    def _step(
        self,
        records: Sequence[Record],
        routed: "_RoutedRecords",
        delta: Delta,
        high_watermark: int,
    ) -> Step:
        now, times = time.time(), routed.times
        appended = [record.append_time for record in records]
        earliest, next_offset = min(appended), records[-1].offset + 1
        if max(appended) > now + TOLERANCE_SECONDS:
            ahead = sum(append_time > now + TOLERANCE_SECONDS for append_time in appended)
            self._metrics.future_times.labels(*self._labels, "append").inc(ahead)
        position = Position(
            next_offset, max(high_watermark, next_offset), routed.event_time, appended[-1], now
        )
        oldest = (min(times), earliest) if times else (None, None)
        return Step(delta, position, routed.rejected, routed.accepted, *oldest)


def _engine(identity: Identity, bundle: Bundle, stored: StoredPartition | None) -> Engine:
    config, classes = identity.engine, len(identity.classes)
    if stored is None:
        return Engine.from_seed(config, classes, bundle.validation, bundle.seed)
    return Engine(config, classes, bundle.validation, stored.state)


def directory_of(settings: Settings, number: int) -> Path:
    """Return where the state of a partition lies."""
    return settings.state_dir / settings.topic / str(number)
