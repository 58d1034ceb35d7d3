"""Compares every partition with its log, and with a worker that nothing disturbed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hcdv_stream.errors import HcdvError
from hcdv_stream.experiments.endurance.records import ExpectedState
from hcdv_stream.experiments.endurance.topic_worker import TopicWorker
from hcdv_stream.state import PartitionReader
from hcdv_stream.state.records import encode_header, encode_leaf, encode_node
from hcdv_stream.state.stored import StoredPartition


def read_state(directory: Path) -> StoredPartition:
    """Return what a partition's state holds."""
    reader = PartitionReader(directory)
    try:
        reader.refresh()
        if reader.stored is None:
            raise HcdvError(f"{directory} holds no update")
        return reader.stored
    finally:
        reader.close()


def state_bytes(partition: StoredPartition) -> bytes:
    """Return the engine's state as bytes: equal if and only if every bit of it is."""
    state = partition.state
    parts = [encode_header(state.header)]
    parts += [encode_leaf(state.leaves[leaf], 0) for leaf in sorted(state.leaves)]
    parts += [encode_node(state.nodes[node], 0) for node in sorted(state.nodes)]
    return b"".join(parts)


def ids_of(partition: StoredPartition) -> list[str]:
    """Return the ids of every example, also one that is there twice."""
    return [name for leaf in partition.state.leaves.values() for name in leaf.examples.ids]


def compared(
    worker: TopicWorker,
    reference: TopicWorker,
    wanted: Sequence[ExpectedState],
    letters: Counter[bytes],
) -> Mapping[str, Any]:
    """Return how many examples and letters are missing or doubled, and which states differ."""
    found = [read_state(place) for place in worker.places]
    lost = doubled = wrong_ends = 0
    for partition, one in zip(found, wanted, strict=True):
        ids = Counter(ids_of(partition))
        lost += len(one.ids - ids.keys())
        doubled += sum(ids.values()) - len(ids.keys() & one.ids)
        wrong_ends += partition.position.next_offset != one.end
    rejected = set().union(*(one.letters for one in wanted))
    return {
        "examples": sum(len(one.ids) for one in wanted),
        "lost": lost,
        "doubled": doubled,
        "wrong_offsets": wrong_ends,
        "letters": len(rejected),
        "letters_missing": len(rejected - letters.keys()),
        "letters_doubled": sum(letters.values()) - len(letters.keys() & rejected),
        "partitions": len(found),
        "partitions_that_differ": sum(
            state_bytes(partition) != state_bytes(read_state(place))
            for partition, place in zip(found, reference.places, strict=True)
        ),
    }
