"""How much memory a view keeps alive that another one does not.

Arrays that were read from a record are views of it, so one of them keeps the whole record: what
counts is the buffer behind an array, once, and not the array's own bytes.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.tree.leaf import Leaf, Node

_OBJECTS = 2048
"""About what the Python objects of a leaf or node take: arrays, tuples, dictionaries."""
_TEXT = 64
"""About what an id takes besides its characters."""

Array = npt.NDArray[np.generic]


def bytes_beside(mine: Mapping[int, Leaf | Node], others: Mapping[int, Leaf | Node]) -> int:
    """Return the bytes of leaves or nodes that the others, by the same numbers, do not share."""
    return sum(
        _beside(member, others.get(number))
        for number, member in mine.items()
        if others.get(number) is not member
    )


def bytes_of(arrays: Iterable[Array]) -> int:
    """Return the bytes of the buffers behind arrays, each buffer once."""
    return sum(_buffers(arrays).values())


def _beside(member: Leaf | Node, other: Leaf | Node | None) -> int:
    mine = _buffers(_arrays(member))
    if other is not None:
        for shared in _buffers(_arrays(other)):
            mine.pop(shared, None)
    return _OBJECTS + sum(mine.values()) + _text(member, other)


def _text(member: Leaf | Node, other: Leaf | Node | None) -> int:
    if isinstance(member, Node):
        return 8 * len(member.children)
    ids = member.examples.ids
    if isinstance(other, Leaf) and other.examples.ids is ids:
        return 0
    return sum(map(len, ids)) + _TEXT * len(ids)


def _arrays(member: Leaf | Node) -> Iterator[Array]:
    yield member.sketch.vector
    yield from member.outcome.values()
    if isinstance(member, Leaf):
        examples = member.examples
        yield from (member.centroid, examples.labels, examples.timestamps, examples.embeddings)


def _buffers(arrays: Iterable[Array]) -> dict[int, int]:
    found: dict[int, int] = {}
    for array in arrays:
        owner: object = array
        while isinstance(owner, np.ndarray) and owner.base is not None:
            owner = owner.base
        found[id(owner)] = sys.getsizeof(owner)
    return found
