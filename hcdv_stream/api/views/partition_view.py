"""One partition as the API sees it: a corpus, where each id is, and its examples as columns."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

from hcdv_stream.api.views.columns import Columns, ExampleTable, Layout
from hcdv_stream.api.views.id_index import ExampleLocation, IdIndex
from hcdv_stream.api.views.memory import bytes_beside, bytes_of
from hcdv_stream.state.identity import Identity
from hcdv_stream.state.log_identity import LogIdentity
from hcdv_stream.state.stored import Change, Position, StoredPartition
from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.tree.leaf import ROOT_PARENT, Leaf, Node
from hcdv_stream.valuation.values import RoutedStateValues, StateValues


@dataclass(frozen=True)
class PartitionView:
    """One update of one partition as a whole; immutable.

    ``id_index`` and ``columns`` are shared with the views before and after it.
    """

    number: int
    identity: Identity
    stored: StoredPartition
    corpus: Corpus
    id_index: IdIndex
    columns: Columns
    log: LogIdentity | None = None

    @classmethod
    def of(
        cls,
        number: int,
        identity: Identity,
        stored: StoredPartition,
        log: LogIdentity | None = None,
    ) -> Self:
        """Make the view of a state that was read whole."""
        corpus = _corpus(identity, stored)
        return cls(number, identity, stored, corpus, IdIndex(stored), Columns(), log)

    def onwards(self, stored: StoredPartition, changes: tuple[Change, ...]) -> "PartitionView":
        """Return the view of a later state, touching only what changed in between."""
        changed = {leaf for change in changes for leaf in (*change.leaves, *change.removed_leaves)}
        self.id_index.follow(self.stored, stored, changed)
        corpus = _corpus(self.identity, stored)
        return replace(self, stored=stored, corpus=corpus)

    @property
    def begins_at(self) -> int | None:
        """The first offset that can be in it, None if the state does not say."""
        return self.log.begins_at if self.log else None

    @property
    def complete(self) -> bool:
        """Whether its state is known to begin where its log began."""
        return self.log is not None and self.log.complete

    @property
    def position(self) -> Position:
        """What of the log is in it."""
        return self.stored.position

    @property
    def size(self) -> int:
        """How many examples it has."""
        return len(self.corpus)

    def find(self, name: str) -> ExampleLocation | None:
        """Return where an example is, None where there is none of that id."""
        return self.id_index.find(name, self.stored)

    def locate(self, row: int) -> ExampleLocation:
        """Return where the example in a row of the columns is."""
        return ExampleLocation(*self.layout.find(row))

    def ancestors(self, coalition: Leaf | Node) -> list[int]:
        """Return the nodes from the root down to a coalition's parent."""
        nodes, parent, path = self.stored.state.nodes, coalition.parent, list[int]()
        while parent != ROOT_PARENT:
            path.append(parent)
            parent = nodes[parent].parent
        return path[::-1]

    @cached_property
    def layout(self) -> Layout:
        """Which row of the columns is whose; computed once, when first asked for."""
        return Layout(self.stored.state)

    @cached_property
    def table(self) -> ExampleTable:
        """Who the examples are, likewise."""
        return self.columns.table(self.stored.state, self.layout)

    def beside(self, other: "PartitionView | None") -> int:
        """Return about how many bytes it keeps alive that the other does not."""
        mine, theirs = self.stored.state, other.stored.state if other else None
        members: tuple[tuple[Mapping[int, Leaf | Node], Mapping[int, Leaf | Node]], ...] = (
            (mine.leaves, theirs.leaves if theirs else {}),
            (mine.nodes, theirs.nodes if theirs else {}),
        )
        listed = sum(sys.getsizeof(mine) + 8 * len(mine) for mine, _ in members)
        return listed + sum(bytes_beside(mine, theirs) for mine, theirs in members)

    @property
    def derived_bytes(self) -> int:
        """Bytes of what was computed when first asked for, about."""
        kept = vars(self)
        layout, table = kept.get("layout"), kept.get("table")
        arrays = [layout.leaves, layout.sizes, layout.ends] if layout else []
        arrays += [table.label, table.time, table.doubts, table.provider] if table else []
        return bytes_of(arrays) + (8 * len(table.providers) if table else 0)

    def forget_others(self) -> None:
        """Let the shared columns hold nothing that is in other views only."""
        self.columns.forget_others(self.stored.state)

    def rest(self) -> None:
        """Let go of what was computed; it is computed anew when it is asked for."""
        for name in ("layout", "table"):
            vars(self).pop(name, None)

    def values(self, reading: StateValues) -> Floats:
        """φ of each example in the partition, in the order of ``layout``."""
        if isinstance(reading, RoutedStateValues):
            return self.columns.values(self.stored.state, self.layout, reading.weights)
        return reading.examples().value

    def errors(self, reading: StateValues) -> Floats:
        """Return their standard errors."""
        if isinstance(reading, RoutedStateValues):
            return self.columns.errors(self.stored.state, self.layout, reading.weights)
        return reading.examples().stderr


def _corpus(identity: Identity, stored: StoredPartition) -> Corpus:
    trusted = np.array(identity.validation_counts, np.int64)
    engine = identity.engine
    return Corpus(stored.state, engine.game, identity.classes, trusted, engine.neighbours)
