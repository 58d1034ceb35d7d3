"""Leaves, nodes, headers, positions and log entries as records, and back.

A leaf's and a node's record carries the number of the write that made it, so that a reader can
tell that all it read belongs to one update.
"""

import sys
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from hcdv_stream.state.codec import Array, pack, read_strings, strings, unpack
from hcdv_stream.state.errors import REBUILD, StateError
from hcdv_stream.state.stored import Change, Position
from hcdv_stream.valuation.delta import Header
from hcdv_stream.valuation.embedding import Embeddings
from hcdv_stream.valuation.leaf import Leaf, Node, Points
from hcdv_stream.valuation.sketch import Sketch

_LEAF, _NODE, _HEADER, _POSITION, _CHANGE, _CENTROID = b"L", b"N", b"H", b"P", b"C", b"Z"
_OUTCOME = "outcome."
_IDS = ("leaves", "nodes", "removed_leaves", "removed_nodes", "centroids")


def encode_leaf(leaf: Leaf, written: int) -> bytes:
    """Encode a leaf as of the write of that number."""
    points = leaf.points
    table = dict.fromkeys(p for p in points.providers if p is not None)
    codes = {provider: code for code, provider in enumerate(table)} | {None: -1}
    return pack(
        _LEAF,
        {
            "numbers": _numbers(leaf.id, leaf.parent, leaf.sketch.classes, written),
            "centroid": leaf.centroid,
            **strings("ids", points.ids),
            **strings("providers", tuple(table)),
            "provider": np.array([codes[provider] for provider in points.providers], np.int32),
            "labels": points.labels,
            "timestamps": points.timestamps,
            "embeddings": points.embeddings,
            "sketch": leaf.sketch.vector,
            **_of_outcome(leaf.outcome),
        },
    )


def decode_leaf(record: bytes) -> tuple[Leaf, int]:
    """Return the leaf and the number of the write that made the record."""
    arrays: dict[str, Any] = unpack(_LEAF, record)
    try:
        identifier, parent, classes, written = arrays["numbers"].tolist()
        # One object per provider, however many leaves name it.
        table = [*map(sys.intern, read_strings("providers", arrays)), None]
        points = Points(
            read_strings("ids", arrays),
            arrays["labels"],
            tuple(table[code] for code in arrays["provider"].tolist()),
            arrays["timestamps"],
            arrays["embeddings"],
        )
        centroid, sketch = arrays["centroid"], Sketch(arrays["sketch"], classes)
        return Leaf(identifier, parent, centroid, points, sketch, _outcome(arrays)), written
    except KeyError as error:
        raise _lacking("leaf", error) from error


def encode_centroid(leaf: int, centroid: Embeddings, written: int) -> bytes:
    """Encode the centroid (d,) of a leaf as of the write of that number."""
    return pack(_CENTROID, {"numbers": _numbers(leaf, written), "centroid": centroid})


def decode_centroid(record: bytes) -> tuple[int, Embeddings, int]:
    """Return the leaf, its centroid and the number of the write that made the record."""
    arrays: dict[str, Any] = unpack(_CENTROID, record)
    try:
        leaf, written = arrays["numbers"].tolist()
        return leaf, arrays["centroid"], written
    except KeyError as error:
        raise _lacking("centroid", error) from error


def encode_node(node: Node, written: int) -> bytes:
    """Encode a node as of the write of that number."""
    return pack(
        _NODE,
        {
            "numbers": _numbers(node.id, node.parent, node.height, node.sketch.classes, written),
            "children": np.array(node.children, np.int64),
            "sketch": node.sketch.vector,
            **_of_outcome(node.outcome),
        },
    )


def decode_node(record: bytes) -> tuple[Node, int]:
    """Return the node and the number of the write that made the record."""
    arrays: dict[str, Any] = unpack(_NODE, record)
    try:
        identifier, parent, height, classes, written = arrays["numbers"].tolist()
        children = tuple(arrays["children"].tolist())
        sketch, outcome = Sketch(arrays["sketch"], classes), _outcome(arrays)
        return Node(identifier, parent, height, children, sketch, outcome), written
    except KeyError as error:
        raise _lacking("node", error) from error


def encode_header(header: Header) -> bytes:
    """Encode the engine's counters."""
    values = {field.name: getattr(header, field.name) for field in fields(Header)}
    return pack(_HEADER, {name: np.array(value, np.int64) for name, value in values.items()})


def decode_header(record: bytes) -> Header:
    """Return the engine's counters."""
    arrays = unpack(_HEADER, record)
    try:
        values: dict[str, Any] = {field.name: arrays[field.name] for field in fields(Header)}
    except KeyError as error:
        raise _lacking("header", error) from error
    touched = tuple(values.pop("touched").tolist())
    return Header(touched=touched, **{name: int(value) for name, value in values.items()})


def encode_position(position: Position) -> bytes:
    """Encode a position."""
    return pack(_POSITION, _of_position(position))


def decode_position(record: bytes) -> Position:
    """Return the position."""
    return _position(unpack(_POSITION, record))


def encode_change(change: Change) -> bytes:
    """Encode an entry of the update log."""
    ids = {name: np.array(getattr(change, name), np.int64) for name in _IDS}
    numbers = _numbers(change.sequence, change.updates, change.records)
    return pack(_CHANGE, {"numbers": numbers, **_of_position(change.position), **ids})


def decode_change(record: bytes) -> Change:
    """Return the entry of the update log."""
    arrays: dict[str, Any] = unpack(_CHANGE, record)
    try:
        ids = {name: tuple(arrays[name].tolist()) for name in _IDS}
        sequence, updates, records = arrays["numbers"].tolist()
        return Change(sequence, updates, records, _position(arrays), **ids)
    except KeyError as error:
        raise _lacking("log entry", error) from error


def _of_position(position: Position) -> dict[str, Array]:
    times = [position.event_time, position.append_time, position.written_at]
    return {
        "offsets": _numbers(position.next_offset, position.high_watermark),
        "times": np.array(times, np.float64),
    }


def _position(arrays: Mapping[str, Any]) -> Position:
    try:
        return Position(*arrays["offsets"].tolist(), *arrays["times"].tolist())
    except KeyError as error:
        raise _lacking("position", error) from error


def _numbers(*values: int) -> Array:
    return np.array(values, np.int64)


def _of_outcome(outcome: Mapping[str, Array]) -> dict[str, Array]:
    return {_OUTCOME + name: array for name, array in outcome.items()}


def _outcome(arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {
        name.removeprefix(_OUTCOME): array
        for name, array in arrays.items()
        if name.startswith(_OUTCOME)
    }


def _lacking(what: str, error: KeyError) -> StateError:
    return StateError(
        f"a {what} has no {error}, so another version wrote it: run that version, or {REBUILD}"
    )
