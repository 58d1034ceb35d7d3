"""Can the state directory be used, whose states are in it, and who holds them?"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hcdv_stream.bundle.bundle import Bundle
from hcdv_stream.doctor.check import CheckResult, failed, passed, refused, skipped, warned
from hcdv_stream.settings import Settings
from hcdv_stream.state.errors import REBUILD, StateError
from hcdv_stream.state.identity import Identity
from hcdv_stream.state.layout import partition_directories
from hcdv_stream.state.lock import lock_holder
from hcdv_stream.state.log_identity import LogIdentity, misplaced
from hcdv_stream.state.permissions import is_private
from hcdv_stream.state.reading.reader import PartitionReader
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.drift.evaluator_shortage import (
    least_evaluators,
    short_of_evaluators,
)
from hcdv_stream.valuation.drift.validation_age import newest_evaluator
from hcdv_stream.valuation.state import EngineState

_LEAST_FREE = 200 * 1024 * 1024


def check_directory(settings: Settings) -> CheckResult:
    """Whether the directory can be written to and has room."""
    name, directory = "state directory", settings.state_dir
    there = directory
    while not there.exists():
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return failed(
            name,
            f"{there} cannot be written to",
            f"give this user the right to, or set HCDV_STATE_DIR (now {directory})",
        )
    free = shutil.disk_usage(there).free
    if free < _LEAST_FREE:
        return failed(
            name, f"only {free >> 20} MiB are free under {there}", "free some, or move the state"
        )
    made = "can be written to" if there == directory else "will be made when the worker starts"
    return passed(name, f"{directory} {made}; {free >> 30} GiB are free")


def check_privacy(settings: Settings) -> list[CheckResult]:
    """Warn if others may enter a directory of the state: it holds ids, features and providers."""
    partitions = stored_partitions(settings).values()
    places = [settings.state_dir, settings.state_dir / settings.topic, *partitions]
    open_ones = [str(place) for place in places if place.is_dir() and not is_private(place)]
    if not open_ones:
        return []
    which = open_ones[0] if len(open_ones) == 1 else f"{open_ones[0]} and {len(open_ones) - 1} more"
    detail = f"others than their owner may enter {which}"
    return [warned("rights of the state", detail, f"chmod 700 {' '.join(open_ones)}")]


def stored_partitions(settings: Settings) -> dict[int, Path]:
    """Return the directories of the topic's states by partition."""
    return partition_directories(settings.state_dir / settings.topic)


@dataclass(frozen=True, slots=True)
class StoredPartitionFacts:
    """What a state says of its log: which it is, and where it goes on; None if it does not say.

    ``validation_age`` is how many seconds of event time V's newest evaluator is old, None before
    the first update; ``diverging`` names the classes and providers with an alarm, ``short`` the
    classes with examples and too few evaluators, and how many these are.
    """

    log: LogIdentity | None
    next_offset: int | None
    validation_age: float | None = None
    diverging: tuple[str, ...] = ()
    short: tuple[str, ...] = ()


def check_states(
    settings: Settings, bundle: Bundle | None, partitions: int
) -> tuple[list[CheckResult], dict[int, StoredPartitionFacts]]:
    """Look at every state; return the checks and what each of those in its place says of its log.

    ``partitions`` is how many the topic has, 0 where that is not known.
    """
    checks: list[CheckResult] = []
    found: dict[int, StoredPartitionFacts] = {}
    for number, directory in stored_partitions(settings).items():
        name = f"state of partition {number}"
        if partitions and number >= partitions:
            checks.append(
                failed(
                    name,
                    f"topic {settings.topic!r} has only {partitions} partitions",
                    f"move {directory} away, or name the topic it was computed from",
                )
            )
            continue
        reader = PartitionReader(directory)
        try:
            reader.refresh()
        except StateError as error:
            checks.append(refused(name, error))
            continue
        reader.close()
        foreign = reader.identity and misplaced(directory, reader.identity, settings.topic, number)
        if foreign:
            checks.append(refused(name, StateError(foreign)))
            continue
        if reader.identity is not None:
            stored = reader.stored
            found[number] = StoredPartitionFacts(
                reader.log,
                stored.position.next_offset if stored else None,
                *(validation_facts(reader.identity, stored.state) if stored else ()),
            )
        checks.append(_fit(name, reader, settings, bundle, number))
    return checks or [passed("states", "there are none yet")], found


def validation_facts(
    identity: Identity, state: EngineState
) -> tuple[float | None, tuple[str, ...], tuple[str, ...]]:
    """Return the age of V's newest evaluator, who diverges from V, and what V is short of."""
    drift, newest = state.drift, newest_evaluator(state)
    diverging = [
        f"class {identity.classes[label]}" if label is not None else f"provider {name}"
        for label, name, _ in drift.diverging
        if label is not None or name is not None
    ]
    if drift.whole.since is not None:
        diverging.insert(0, "all sessions")
    age = None if newest is None else max(drift.event_time - newest, 0.0)
    return age, tuple(diverging), _short(identity, state)


def _short(identity: Identity, state: EngineState) -> tuple[str, ...]:
    """Name the classes that have examples and too few evaluators in V, with their numbers."""
    bundled = np.array(identity.validation_counts, np.int64)
    corpus = Corpus(state, identity.engine.game, identity.classes, bundled)
    evaluators = corpus.trusted
    least = least_evaluators(identity.engine.validation_least, bundled)
    short = short_of_evaluators(corpus.whole.counts, evaluators, least)
    return tuple(f"{evaluators[label]} of class {identity.classes[label]}" for label in short)


def _fit(
    name: str, reader: PartitionReader, settings: Settings, bundle: Bundle | None, number: int
) -> CheckResult:
    if reader.identity is None:
        return passed(name, "nothing was written yet")
    if bundle is None:
        return skipped(name, "there is no bundle to compare it with")
    expected = Identity(
        settings.topic,
        number,
        bundle.checksum,
        bundle.classes,
        tuple(bundle.validation.counts(len(bundle.classes)).tolist()),
        settings.engine(bundle.tau),
    )
    if differences := reader.identity.differences(expected):
        return failed(
            name, f"was computed otherwise: {'; '.join(differences)}", f"set it back, or {REBUILD}"
        )
    records = reader.stored.state.header.records if reader.stored else 0
    holder = lock_holder(reader.directory / "LOCK")
    owner = f"owned by process {holder}" if holder else "owned by nobody now"
    return passed(name, f"{records} records applied, {owner}")
