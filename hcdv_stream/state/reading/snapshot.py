"""Reading one update as a whole out of an open database."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

import numpy as np

from hcdv_stream.state.drift_record import decode_drift
from hcdv_stream.state.errors import REBUILD, StateError
from hcdv_stream.state.family import Families, Family
from hcdv_stream.state.identity import Identity
from hcdv_stream.state.inventory import Inventory
from hcdv_stream.state.layout import (
    CENTROIDS,
    DRIFT_KEY,
    HEADER_KEY,
    IDENTITY_KEY,
    LEAVES,
    LOG_IDENTITY_KEY,
    NODES,
    POSITION_KEY,
    PROVIDERS,
    SEQUENCE_KEY,
    key,
    number,
)
from hcdv_stream.state.log_identity import LogIdentity
from hcdv_stream.state.records import (
    decode_centroid,
    decode_change,
    decode_header,
    decode_inventory,
    decode_leaf,
    decode_node,
    decode_position,
    decode_provider,
)
from hcdv_stream.state.stored import Change, StoredPartition
from hcdv_stream.valuation.arrivals import ProviderCounts
from hcdv_stream.valuation.completeness import miscount
from hcdv_stream.valuation.drift.drift import Drift
from hcdv_stream.valuation.state import EngineState, Header
from hcdv_stream.valuation.tree.leaf import Leaf, Node

Member = TypeVar("Member", Leaf, Node, ProviderCounts)


def read_identity(families: Families) -> Identity | None:
    """Return whose state it is; None where nothing was ever written."""
    data = families.meta.get(IDENTITY_KEY)
    return None if data is None else Identity.parse(data)


def read_log_identity(families: Families) -> LogIdentity | None:
    """Return which log the state is computed from; None if the state does not say."""
    data = families.meta.get(LOG_IDENTITY_KEY)
    return None if data is None else LogIdentity.parse(data)


def read_sequence(families: Families) -> int:
    """Return the number of the last write, 0 before the first."""
    data = families.meta.get(SEQUENCE_KEY)
    return 0 if data is None else number(data)


def read_all(families: Families) -> StoredPartition | None:
    """Return everything; None before the first write. Raises StateError where it is not whole."""
    return read_inventoried(families)[0]


def read_inventoried(families: Families) -> tuple[StoredPartition | None, Inventory]:
    """Return everything and which records it consists of.

    Raises StateError unless the records are exactly those that the owner had written by then.
    """
    sequence, inventory = read_sequence(families), Inventory()
    if not sequence:
        return None, inventory
    leaves = [*_members(families.leaves, LEAVES, inventory, decode_leaf)]
    nodes = [*_members(families.nodes, NODES, inventory, decode_node)]
    made = {leaf.id: written for leaf, written in leaves}
    members = {leaf.id: leaf for leaf, _ in leaves}
    writes = [*made.values(), *(written for _, written in nodes)]
    for name, record in families.centroids.items():
        leaf, centroid, written = decode_centroid(record)
        _check_key(name, leaf, CENTROIDS)
        inventory.put(CENTROIDS, leaf, record)
        writes.append(written)
        if written > made.get(leaf, written):
            members[leaf] = replace(members[leaf], centroid=centroid)
    counted = [*_members(families.providers, PROVIDERS, inventory, decode_provider)]
    writes += [written for _, written in counted]
    header = _meta(families, HEADER_KEY)
    state = EngineState(
        decode_header(header),
        {node.id: node for node, _ in nodes},
        members,
        {counts.id: counts for counts, _ in counted},
        _read_drift(families, writes),
    )
    totals = decode_inventory(header)
    fits = totals is None or np.array_equal(totals, inventory.totals)
    position = decode_position(_meta(families, POSITION_KEY))
    stored = StoredPartition(state, position, sequence)
    if max(writes, default=0) > sequence or not fits or not _is_whole(state):
        raise StateError(f"the state is not one update as a whole: {REBUILD}")
    _check_last_change(families, stored)
    if problem := miscount(state):
        raise StateError(f"{problem}: {REBUILD}")
    return stored, inventory


def read_leaf(families: Families, identifier: int) -> Leaf | None:
    """Return one leaf with its latest centroid; None where there is none."""
    record = families.leaves.get(key(identifier))
    if record is None:
        return None
    leaf, made = decode_leaf(record)
    record = families.centroids.get(key(identifier))
    if record is not None:
        _, centroid, written = decode_centroid(record)
        if written > made:
            leaf = replace(leaf, centroid=centroid)
    return leaf


def check_log(families: Families, sequence: int) -> None:
    """Raise StateError where an entry of the update log is damaged or missing."""
    expected = None
    for name, record in families.log.items():
        change = decode_change(record)
        if number(name) != change.sequence or change.sequence != (expected or change.sequence):
            raise StateError(f"the update log lacks an entry before {number(name)}: {REBUILD}")
        expected = change.sequence + 1
    if sequence and expected != sequence + 1:
        raise StateError(f"the update log does not end with write {sequence}: {REBUILD}")


def _members(
    family: Family, name: str, inventory: Inventory, decode: Callable[[bytes], tuple[Member, int]]
) -> Iterator[tuple[Member, int]]:
    for found, record in family.items():
        member, written = decode(record)
        _check_key(found, member.id, name)
        inventory.put(name, member.id, record)
        yield member, written


def _check_key(found: bytes, identifier: int, family: str) -> None:
    if number(found) != identifier:
        raise StateError(
            f"in the family {family!r} the record of {identifier} lies where {number(found)} "
            f"belongs: {REBUILD}"
        )


def _check_last_change(families: Families, stored: StoredPartition) -> None:
    """Hold the position and the counters against the log entry of the same write."""
    record = families.log.get(key(stored.sequence))
    if record is None:
        raise StateError(f"the update log does not end with write {stored.sequence}: {REBUILD}")
    change, header = decode_change(record), stored.state.header
    if (change.sequence, change.updates, change.records, change.position) != (
        stored.sequence,
        header.updates,
        header.records,
        stored.position,
    ):
        raise StateError(f"the update log and the state differ: {REBUILD}")


def read_changes(families: Families, after: int, upto: int) -> tuple[Change, ...] | None:
    """Return the log entries of writes after+1..upto; None where one of them is gone."""
    changes = []
    for sequence in range(after + 1, upto + 1):
        record = families.log.get(key(sequence))
        if record is None:
            return None
        changes.append(decode_change(record))
    return tuple(changes)


def read_onwards(
    families: Families, seen: StoredPartition, changes: tuple[Change, ...]
) -> StoredPartition | None:
    """Return the state after ``changes``, reading only what they name.

    None where a record is not of the write that its log entry says.
    """
    leaves, nodes = dict(seen.state.leaves), dict(seen.state.nodes)
    providers = dict(seen.state.providers)
    made_leaves: dict[int, int] = {}
    made_nodes: dict[int, int] = {}
    made_providers: dict[int, int] = {}
    moved: dict[int, int] = {}
    for change in changes:
        _note(made_leaves, change.sequence, change.leaves, change.removed_leaves)
        _note(made_nodes, change.sequence, change.nodes, change.removed_nodes)
        for leaf in (*change.leaves, *change.removed_leaves):
            moved.pop(leaf, None)
        moved.update(dict.fromkeys(change.centroids, change.sequence))
        made_providers.update(dict.fromkeys(change.providers, change.sequence))
    written: list[int] = []
    drift = _read_drift(families, written)
    state = EngineState(_read_header(families), nodes, leaves, providers, drift)
    if not (
        _update(leaves, families.leaves, made_leaves, decode_leaf)
        and _update(nodes, families.nodes, made_nodes, decode_node)
        and _update(providers, families.providers, made_providers, decode_provider)
        and _move(leaves, families.centroids, moved)
        and max(written, default=0) <= changes[-1].sequence
        and _is_whole(state)
    ):
        return None
    position = decode_position(_meta(families, POSITION_KEY))
    return StoredPartition(state, position, changes[-1].sequence)


def _note(
    made: dict[int, int], sequence: int, written: Iterable[int], removed: Iterable[int]
) -> None:
    """Note which write made each record last; 0: it is removed."""
    made.update(dict.fromkeys(removed, 0))
    made.update(dict.fromkeys(written, sequence))


def _update(
    members: dict[int, Member],
    family: Family,
    made: Mapping[int, int],
    decode: Callable[[bytes], tuple[Member, int]],
) -> bool:
    """Bring ``members`` up to the writes in ``made``; False where the family holds others."""
    for identifier, expected in made.items():
        record = family.get(key(identifier))
        if not expected:
            members.pop(identifier, None)
        elif record is None:
            return False
        else:
            members[identifier], written = decode(record)
            if written != expected:
                return False
    return True


def _move(leaves: dict[int, Leaf], family: Family, moved: Mapping[int, int]) -> bool:
    """Bring centroids up to the writes in ``moved``; False where the family holds others."""
    for leaf, expected in moved.items():
        record = family.get(key(leaf))
        if record is None or leaf not in leaves:
            return False
        _, centroid, written = decode_centroid(record)
        if written != expected:
            return False
        leaves[leaf] = replace(leaves[leaf], centroid=centroid)
    return True


def _read_header(families: Families) -> Header:
    return decode_header(_meta(families, HEADER_KEY))


def _read_drift(families: Families, writes: list[int]) -> Drift:
    """Return how V has moved, and note which write said so; nothing in an older format."""
    record = families.meta.get(DRIFT_KEY)
    if record is None:
        return Drift()
    drift, written = decode_drift(record)
    writes.append(written)
    return drift


def _meta(families: Families, name: bytes) -> bytes:
    record = families.meta.get(name)
    if record is None:
        raise StateError(f"the state has no {name.decode()}: {REBUILD}")
    return record


def _is_whole(state: EngineState) -> bool:
    """Whether nodes name exactly the leaves and nodes that are there."""
    leaves: set[int] = set()
    nodes = {state.header.root}
    for node in state.nodes.values():
        (leaves if node.is_lowest else nodes).update(node.children)
    return leaves == state.leaves.keys() and nodes == state.nodes.keys()
