"""Is a partition's state right? Every record read, every game replayed and compared bit for bit."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hcdv_stream.state.errors import StateError
from hcdv_stream.state.identity import Identity
from hcdv_stream.state.reading.reader import PartitionReader
from hcdv_stream.state.stored import StoredPartition
from hcdv_stream.valuation.replay import Mismatch, StateReplay
from hcdv_stream.valuation.validation import Validation

Report = Callable[[int, int], None]
"""Is called with how many leaves and nodes were replayed, and how many there are."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What was verified, as of which update, and what differs; nothing where all is right."""

    directory: str
    partition: int
    updates: int = 0
    next_offset: int = 0
    examples: int = 0
    leaves: int = 0
    nodes: int = 0
    mismatches: tuple[Mismatch, ...] = ()


def verify_partition(
    directory: Path, topic: str, bundle: str, validation: Validation, report: Report
) -> Verification:
    """Verify the state in ``directory``, beside its owner if it has one.

    ``bundle`` is the checksum of the bundle that V, ``validation``, belongs to. The engine's
    parameters are those that the state was computed with.
    """
    partition = int(directory.name)
    try:
        identity, stored = _read(directory)
    except StateError as error:
        return Verification(str(directory), partition, mismatches=(Mismatch("state", str(error)),))
    if identity is None or stored is None:
        return Verification(str(directory), partition)
    mismatches = _misplaced(identity, topic, partition)
    if identity.bundle != bundle:
        mismatches.append(
            Mismatch(
                "identity",
                f"the state was computed with the bundle {identity.bundle[:12]} and this is "
                f"{bundle[:12]}: name the other one",
            )
        )
    else:
        mismatches += _replayed(identity, stored, validation, report)
    header, state = stored.state.header, stored.state
    return Verification(
        str(directory),
        partition,
        header.updates,
        stored.position.next_offset,
        sum(len(leaf.examples) for leaf in state.leaves.values()),
        len(state.leaves),
        len(state.nodes),
        tuple(mismatches),
    )


def _read(directory: Path) -> tuple[Identity | None, StoredPartition | None]:
    reader = PartitionReader(directory)
    try:
        reader.refresh()
        reader.check_log()
        return reader.identity, reader.stored
    finally:
        reader.close()


def _misplaced(identity: Identity, topic: str, partition: int) -> list[Mismatch]:
    """Say where a state lies under a name that is not its own: it would count twice."""
    found = []
    if identity.partition != partition:
        found.append(
            f"the directory is that of partition {partition}: {identity.partition} is in it"
        )
    if identity.topic != topic:
        found.append(f"the directory is that of topic {topic!r}: {identity.topic!r} is in it")
    return [Mismatch("identity", detail) for detail in found]


def _replayed(
    identity: Identity, stored: StoredPartition, validation: Validation, report: Report
) -> list[Mismatch]:
    classes = len(identity.classes)
    counts = tuple(validation.counts(classes).tolist())
    if counts != identity.validation_counts:
        return [Mismatch("identity", f"V has {counts} per class, not {identity.validation_counts}")]
    replay = StateReplay(identity.engine, classes, validation, stored.state)
    total = len(stored.state.leaves) + len(stored.state.nodes)
    mismatches, done = replay.whole(), 0
    for steps in (replay.leaves(), replay.nodes()):
        for found in steps:
            mismatches += found
            done += 1
            report(done, total)
    return mismatches or replay.efficiency()
