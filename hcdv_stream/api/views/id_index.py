"""Where each id of a partition is: one index that follows the newest state, for all states.

A copy per update would cost as much as there are examples. Instead older states share the newest
one's index: what it says is checked against their own leaves, and if it says nothing although
the state is not the one indexed, the leaves are searched.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

from hcdv_stream.state.stored import StoredPartition
from hcdv_stream.valuation.tree.leaf import Leaf

_MOVING = -1


class ExampleLocation(NamedTuple):
    """Where an example is: its leaf, and its row there."""

    leaf: Leaf
    row: int

    @property
    def id(self) -> str:
        """The example's id."""
        return self.leaf.examples.ids[self.row]


class IdIndex:
    """The leaf of each id; one thread follows, any may look."""

    def __init__(self, stored: StoredPartition) -> None:
        leaves = stored.state.leaves.values()
        self._leaf_of = {name: leaf.id for leaf in leaves for name in leaf.examples.ids}
        self._sequence = stored.sequence

    def __len__(self) -> int:
        return len(self._leaf_of)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdIndex) and self._leaf_of == other._leaf_of

    __hash__ = None  # type: ignore[assignment]

    def follow(
        self, before: StoredPartition, after: StoredPartition, changed: Iterable[int]
    ) -> None:
        """Go on to a later state, of which these leaves were written or removed."""
        old, new = before.state.leaves, after.state.leaves
        leaves = set(changed)
        self._sequence = _MOVING
        for leaf in leaves & old.keys():
            for name in old[leaf].examples.ids:
                self._leaf_of.pop(name, None)
        for leaf in leaves & new.keys():
            self._leaf_of.update(dict.fromkeys(new[leaf].examples.ids, leaf))
        self._sequence = after.sequence

    def find(self, name: str, stored: StoredPartition) -> ExampleLocation | None:
        """Return where an example is in ``stored``, None if there is none of that id."""
        current = self._sequence == stored.sequence
        leaves = stored.state.leaves
        hint = self._leaf_of.get(name)
        if hint is not None and (found := _within(leaves.get(hint), name)):
            return found
        if current and self._sequence == stored.sequence:  # nothing moved meanwhile
            return None
        return next(filter(None, (_within(leaf, name) for leaf in leaves.values())), None)


def _within(leaf: Leaf | None, name: str) -> ExampleLocation | None:
    if leaf is None:
        return None
    ids = leaf.examples.ids
    row = bisect_left(ids, name)
    return ExampleLocation(leaf, row) if row < len(ids) and ids[row] == name else None
