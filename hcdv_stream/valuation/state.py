"""What an update changed, whole enough to be written by itself, and the state it adds up to."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hcdv_stream.valuation.arrivals import ProviderCounts
from hcdv_stream.valuation.drift.drift import Drift
from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.tree.leaf import Leaf, Node


@dataclass(frozen=True, slots=True)
class Header:
    """An engine's counters: everything besides nodes and leaves that the next record depends on.

    ``records`` counts records applied, ``updates`` complete updates. ``touched`` are the leaves
    changed since the last rebalance. The last six are totals since the beginning.
    """

    root: int
    next_leaf: int
    next_node: int
    records: int = 0
    updates: int = 0
    touched: tuple[int, ...] = ()
    deletions: int = 0
    replacements: int = 0
    spawned: int = 0
    split: int = 0
    merged: int = 0
    rebalances: int = 0


@dataclass(frozen=True, slots=True)
class EngineState:
    """All of an engine: what a store loads and what a reader values."""

    header: Header
    nodes: Mapping[int, Node]
    leaves: Mapping[int, Leaf]
    providers: Mapping[int, ProviderCounts] = field(default_factory=dict)
    drift: Drift = field(default_factory=Drift)


@dataclass(frozen=True, slots=True)
class Delta:
    """The difference between two engine states.

    ``leaves`` and ``nodes`` hold the new state of everything that changed, ``centroids`` the new
    centroids (d,) of leaves of which nothing else did, ``providers`` the counts that changed; the
    other two name what is no longer there. ``drift`` is whole.
    """

    header: Header
    nodes: Mapping[int, Node] = field(default_factory=dict)
    leaves: Mapping[int, Leaf] = field(default_factory=dict)
    removed_nodes: tuple[int, ...] = ()
    removed_leaves: tuple[int, ...] = ()
    centroids: Mapping[int, Embeddings] = field(default_factory=dict)
    providers: Mapping[int, ProviderCounts] = field(default_factory=dict)
    drift: Drift = field(default_factory=Drift)

    def applied_to(self, state: EngineState) -> EngineState:
        """Return the state after this difference."""
        gone_nodes, gone_leaves = set(self.removed_nodes), set(self.removed_leaves)
        nodes = {i: n for i, n in state.nodes.items() if i not in gone_nodes} | dict(self.nodes)
        leaves = {i: n for i, n in state.leaves.items() if i not in gone_leaves} | dict(self.leaves)
        for leaf, centroid in self.centroids.items():
            leaves[leaf] = replace(leaves[leaf], centroid=centroid)
        providers = {**state.providers, **self.providers}
        return EngineState(self.header, nodes, leaves, providers, self.drift)
