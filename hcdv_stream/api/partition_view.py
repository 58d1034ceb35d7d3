"""One partition as the API sees it: a corpus, and where each id is."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from hcdv_stream.state.identity import Identity
from hcdv_stream.state.stored import Change, Position, StoredPartition
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.leaf import Leaf


@dataclass(frozen=True, slots=True)
class Found:
    """A point: its leaf, and its row there."""

    leaf: Leaf
    row: int


@dataclass(frozen=True)
class PartitionView:
    """One update of one partition as a whole; immutable.

    ``homes`` gives the leaf of each id.
    """

    number: int
    identity: Identity
    stored: StoredPartition
    corpus: Corpus
    homes: Mapping[str, int]

    @classmethod
    def of(cls, number: int, identity: Identity, stored: StoredPartition) -> Self:
        """Make the view of a state that was read whole."""
        homes = {name: leaf.id for leaf in stored.state.leaves.values() for name in leaf.points.ids}
        return cls(number, identity, stored, _corpus(identity, stored), homes)

    def onwards(self, stored: StoredPartition, changes: tuple[Change, ...]) -> "PartitionView":
        """Return the view of a later state, touching only what changed in between."""
        before, after = self.stored.state.leaves, stored.state.leaves
        changed = {leaf for change in changes for leaf in (*change.leaves, *change.removed_leaves)}
        homes = dict(self.homes)
        for leaf in changed & before.keys():
            for name in before[leaf].points.ids:
                del homes[name]
        for leaf in sorted(changed & after.keys()):
            homes.update(dict.fromkeys(after[leaf].points.ids, leaf))
        corpus = _corpus(self.identity, stored)
        return PartitionView(self.number, self.identity, stored, corpus, homes)

    @property
    def position(self) -> Position:
        """What of the log is in it."""
        return self.stored.position

    @property
    def size(self) -> int:
        """How many points it has."""
        return len(self.homes)

    def find(self, name: str) -> Found | None:
        """Return where a point is, None where there is none of that id."""
        home = self.homes.get(name)
        if home is None:
            return None
        leaf = self.stored.state.leaves[home]
        return Found(leaf, bisect_left(leaf.points.ids, name))

    @cached_property
    def providers(self) -> tuple[list[str | None], npt.NDArray[np.int64]]:
        """The providers in order of appearance, and the place therein of each point's, (n,)."""
        places: dict[str | None, int] = {}
        codes = [places.setdefault(name, len(places)) for name in self.corpus.providers]
        return list(places), np.array(codes, np.int64)


def _corpus(identity: Identity, stored: StoredPartition) -> Corpus:
    trusted = np.array(identity.validation_counts, np.int64)
    return Corpus(stored.state, identity.engine.game, identity.classes, trusted)
