"""Leaves, nodes, headers, positions and log entries as records, and back.

A leaf's and a node's record carries the number of the write that made it, so that a reader can
tell that all it read belongs to one update.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

import numpy as np

from hcdv_stream.state.codec import Array, format_of, pack, read_strings, strings, unpack
from hcdv_stream.state.errors import REBUILD, StateError
from hcdv_stream.state.stored import Change, Position
from hcdv_stream.valuation.arrivals import ProviderCounts
from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.state import Header
from hcdv_stream.valuation.tree.leaf import Leaf, LeafExamples, Node
from hcdv_stream.valuation.tree.sketch import Sketch

_LEAF, _NODE, _HEADER, _POSITION, _CHANGE, _CENTROID = b"L", b"N", b"H", b"P", b"C", b"Z"
_PROVIDER = b"V"
_OUTCOME = "outcome."
_INVENTORY = "inventory"
_INVENTORY_SINCE = 3
_EVALUATORS = "evaluators."
_IDS = ("leaves", "nodes", "removed_leaves", "removed_nodes", "centroids", "providers")


def encode_leaf(leaf: Leaf, written: int) -> bytes:
    """Encode a leaf as of the write of that number."""
    arrays = {
        "numbers": _numbers(leaf.id, leaf.parent, leaf.sketch.classes, written),
        "centroid": leaf.centroid,
        **_of_columns("", leaf.examples),
        "doubts": leaf.examples.doubts,
        "sketch": leaf.sketch.vector,
        **_of_outcome(leaf.outcome),
    }
    if leaf.evaluators is not None:
        arrays |= _of_columns(_EVALUATORS, leaf.evaluators)
    return pack(_LEAF, arrays)


def decode_leaf(record: bytes) -> tuple[Leaf, int]:
    """Return the leaf and the number of the write that made the record."""
    arrays: dict[str, Any] = unpack(_LEAF, record)
    with _decoding("leaf"):
        identifier, parent, classes, written = arrays["numbers"].tolist()
        centroid, sketch = arrays["centroid"], _sketch(arrays, classes, len(arrays["centroid"]))
        examples = _columns("", arrays, len(centroid), arrays["doubts"])
        evaluators = None
        if f"{_EVALUATORS}labels" in arrays:
            evaluators = _columns(_EVALUATORS, arrays, len(centroid))
        outcome = _outcome(arrays)
        return Leaf(identifier, parent, centroid, examples, sketch, outcome, evaluators), written


def encode_centroid(leaf: int, centroid: Embeddings, written: int) -> bytes:
    """Encode the centroid (d,) of a leaf as of the write of that number."""
    return pack(_CENTROID, {"numbers": _numbers(leaf, written), "centroid": centroid})


def decode_centroid(record: bytes) -> tuple[int, Embeddings, int]:
    """Return the leaf, its centroid and the number of the write that made the record."""
    arrays: dict[str, Any] = unpack(_CENTROID, record)
    with _decoding("centroid"):
        leaf, written = arrays["numbers"].tolist()
        return leaf, arrays["centroid"], written


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
    with _decoding("node"):
        identifier, parent, height, classes, written = arrays["numbers"].tolist()
        children = tuple(arrays["children"].tolist())
        sketch, outcome = _sketch(arrays, classes), _outcome(arrays)
        return Node(identifier, parent, height, children, sketch, outcome), written


def encode_provider(counts: ProviderCounts, written: int) -> bytes:
    """Encode what a provider has sent as of the write of that number."""
    named = counts.name is not None
    return pack(
        _PROVIDER,
        {
            "numbers": _numbers(
                counts.id, counts.arrivals, counts.copies, counts.foreign, named, written
            ),
            **strings("name", (counts.name or "",)),
        },
    )


def decode_provider(record: bytes) -> tuple[ProviderCounts, int]:
    """Return the counts and the number of the write that made the record."""
    arrays: dict[str, Any] = unpack(_PROVIDER, record)
    with _decoding("provider"):
        identifier, arrivals, copies, foreign, named, written = arrays["numbers"].tolist()
        (name,) = read_strings("name", arrays)
        known = sys.intern(name) if named else None
        return ProviderCounts(identifier, known, arrivals, copies, foreign), written


def encode_header(header: Header, inventory: Array | None = None) -> bytes:
    """Encode the engine's counters, and the totals of the state's inventory."""
    values = {field.name: getattr(header, field.name) for field in fields(Header)}
    arrays: dict[str, Array] = {name: np.array(value, np.int64) for name, value in values.items()}
    return pack(_HEADER, arrays if inventory is None else {**arrays, _INVENTORY: inventory})


def decode_header(record: bytes) -> Header:
    """Return the engine's counters."""
    arrays = unpack(_HEADER, record)
    with _decoding("header"):
        values: dict[str, Any] = {field.name: arrays[field.name] for field in fields(Header)}
        touched = tuple(values.pop("touched").tolist())
        return Header(touched=touched, **{name: int(value) for name, value in values.items()})


def decode_inventory(record: bytes) -> Array | None:
    """Return the inventory's totals in a header's record; None where its format had none."""
    arrays = unpack(_HEADER, record)
    if format_of(record) < _INVENTORY_SINCE:
        return None
    with _decoding("header"):
        return arrays[_INVENTORY]


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
    with _decoding("log entry"):
        ids = {name: tuple(arrays[name].tolist()) for name in _IDS}
        sequence, updates, records = arrays["numbers"].tolist()
        return Change(sequence, updates, records, _position(arrays), **ids)


def _of_columns(prefix: str, examples: LeafExamples) -> dict[str, Array]:
    table = dict.fromkeys(p for p in examples.providers if p is not None)
    codes = {provider: code for code, provider in enumerate(table)} | {None: -1}
    return {
        **strings(f"{prefix}ids", examples.ids),
        **strings(f"{prefix}providers", tuple(table)),
        f"{prefix}provider": np.array([codes[name] for name in examples.providers], np.int32),
        f"{prefix}labels": examples.labels,
        f"{prefix}timestamps": examples.timestamps,
        f"{prefix}embeddings": examples.embeddings,
        f"{prefix}fingerprints": examples.fingerprints,
        f"{prefix}arrivals": examples.arrivals,
        f"{prefix}copies": examples.copies,
    }


def _columns(
    prefix: str, arrays: Mapping[str, Any], dimensions: int, doubts: Any = None
) -> LeafExamples:
    # One object per provider, however many leaves name it.
    table = [*map(sys.intern, read_strings(f"{prefix}providers", arrays)), None]
    codes = arrays[f"{prefix}provider"].tolist()
    if min(codes, default=0) < -1:
        raise ValueError("a provider has a negative code")
    examples = LeafExamples(
        read_strings(f"{prefix}ids", arrays),
        arrays[f"{prefix}labels"],
        tuple([table[code] for code in codes]),
        arrays[f"{prefix}timestamps"],
        arrays[f"{prefix}embeddings"],
        arrays[f"{prefix}fingerprints"],
        arrays[f"{prefix}arrivals"],
        arrays[f"{prefix}copies"],
        *(() if doubts is None else (doubts,)),
    )
    count, width = examples.embeddings.shape
    columns = (
        examples.labels,
        examples.providers,
        examples.timestamps,
        examples.ids,
        examples.fingerprints,
        examples.arrivals,
        examples.copies,
        examples.doubts,
    )
    if width != dimensions or any(len(column) != count for column in columns):
        raise ValueError("its columns differ in length")
    return examples


def _of_position(position: Position) -> dict[str, Array]:
    times = [position.event_time, position.append_time, position.written_at]
    return {
        "offsets": _numbers(position.next_offset, position.high_watermark),
        "times": np.array(times, np.float64),
    }


def _position(arrays: Mapping[str, Any]) -> Position:
    with _decoding("position"):
        return Position(*arrays["offsets"].tolist(), *arrays["times"].tolist())


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


def _sketch(arrays: Mapping[str, Any], classes: int, dimensions: int | None = None) -> Sketch:
    length = len(arrays["sketch"])
    whole = dimensions is None or length == classes * (dimensions + 9)
    if classes < 1 or length % classes or not whole:
        raise ValueError(f"a sketch of {classes} classes has {length} numbers")
    return Sketch(arrays["sketch"], classes)


@contextmanager
def _decoding(what: str) -> Iterator[None]:
    """Turn whatever a record of odd content leads to into a StateError."""
    try:
        yield
    except KeyError as error:
        raise StateError(
            f"a {what} has no {error}, so another version wrote it: run that version, or {REBUILD}"
        ) from error
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise StateError(f"a {what} has content that does not fit ({error}): {REBUILD}") from error
