"""HCDV-INC: keeps a corpus's games current while records arrive, touching only their paths.

``route`` changes the tree and the examples; ``play`` then plays the games of every leaf that
changed, brings their ancestors' sums up to date and returns the difference, whole enough to be
stored. Whatever changes the tree happens at a count of records (every ``update_size``), never at a
call: the same records give the same state however they are cut into batches.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrivals import Arrivals, Known, ProviderCounts
from hcdv_stream.valuation.batch import DELETION, Batch
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.drift.drift import Drift
from hcdv_stream.valuation.drift.trusted_evaluators import TrustedEvaluators
from hcdv_stream.valuation.drift.young_peers import YoungPeers
from hcdv_stream.valuation.games.game import Seat
from hcdv_stream.valuation.games.registry import game_of
from hcdv_stream.valuation.state import Delta, EngineState, Header
from hcdv_stream.valuation.tree.centroids import Centroids
from hcdv_stream.valuation.tree.leaf import Leaf
from hcdv_stream.valuation.tree.leaf_edits import edited, remarked
from hcdv_stream.valuation.tree.navigation import children_of, path_up
from hcdv_stream.valuation.tree.placement import place
from hcdv_stream.valuation.tree.reshaping import Reshaping, forget_founder, rebalance, split_large
from hcdv_stream.valuation.tree.seed import SeedHierarchy
from hcdv_stream.valuation.tree.sketch import Sketch
from hcdv_stream.valuation.tree.tree import Tree
from hcdv_stream.valuation.validation import Validation


class Engine:
    """The valuation of one partition's corpus."""

    def __init__(
        self, config: EngineConfig, classes: int, validation: Validation, state: EngineState
    ) -> None:
        """Continue from a state, a seed's (``from_seed``) or a stored one."""
        self.config = config
        self._game = game_of(config, classes, validation)
        self._classes = classes
        self._header = state.header
        self._tree = Tree(state, config.branching)
        self._centroids = Centroids({leaf.id: leaf.centroid for leaf in state.leaves.values()})
        self._trusted = TrustedEvaluators(config, classes, validation, self._centroids, state)
        self._home = {name: leaf.id for leaf in state.leaves.values() for name in leaf.examples.ids}
        self._arrivals = Arrivals(state.providers, state.leaves)
        self._filled: set[int] = set() if state.header.records else set(state.leaves)
        self._centred: set[int] = set()
        self._removed: set[int] = set()
        self._touched = set(state.header.touched)
        self._young = YoungPeers(config.peer_horizon, state)

    @classmethod
    def from_seed(
        cls, config: EngineConfig, classes: int, validation: Validation, seed: SeedHierarchy
    ) -> "Engine":
        """Start with no examples in the seed's tree."""
        state = seed.state(classes)
        everything = replace(state.header, touched=tuple(state.leaves))
        return cls(config, classes, validation, replace(state, header=everything))

    def __contains__(self, name: object) -> bool:
        return name in self._home or name in self._trusted

    def __len__(self) -> int:
        return len(self._home)

    @property
    def header(self) -> Header:
        """The counters, as of the last record routed."""
        return self._header

    @property
    def root_sketch(self) -> Sketch:
        """The whole corpus as one coalition, as of the last ``play``."""
        return self._tree.nodes[self._tree.root].sketch

    @property
    def leaf_count(self) -> int:
        """How many leaves the tree has."""
        return len(self._tree.leaves)

    @property
    def node_count(self) -> int:
        """How many inner nodes the tree has."""
        return len(self._tree.nodes)

    @property
    def height(self) -> int:
        """How many levels of inner nodes lie above the leaves."""
        return self._tree.nodes[self._tree.root].height

    def evaluators_of(self, leaf: int) -> npt.NDArray[np.int64]:
        """Rows of the bundle's V that are evaluators in a leaf, as of the last ``play``."""
        return self._trusted.evaluators.of(leaf)

    def any_leaf(self, generator: np.random.Generator) -> Leaf:
        """Return one of the leaves at random, as of the last ``play``."""
        leaves = tuple(self._tree.leaves)
        return self._tree.leaves[leaves[int(generator.integers(len(leaves)))]]

    def strays(self, leaf: int) -> int:
        """Count the evaluators of V in a leaf although another leaf is nearer to them."""
        return self._trusted.evaluators.strays(leaf, self._centroids)

    def state(self) -> EngineState:
        """Return everything, as of the last ``play``."""
        counts = dict(self._arrivals.counts)
        nodes, leaves = dict(self._tree.nodes), dict(self._tree.leaves)
        return EngineState(self._header, nodes, leaves, counts, self.drift)

    @property
    def drift(self) -> Drift:
        """How V has moved and agrees with what arrives, as of the last record routed."""
        return replace(self._trusted.drift, peers_since=self._young.since)

    @property
    def moves(self) -> bool:
        """Whether a trusted session is in V, so that an update's end may take evaluators out."""
        return bool(self._trusted.evaluators.joined)

    @property
    def trusted_counts(self) -> npt.NDArray[np.int64]:
        """Class counts (C,) of V, as of the last record routed."""
        return self._trusted.evaluators.counts(self._classes)

    @property
    def newest_evaluator(self) -> float | None:
        """Event time of V's newest evaluator, the bundle's being as old as the stream."""
        return self._trusted.newest

    @property
    def records_left(self) -> int:
        """How many records complete the update at hand."""
        return self.config.update_size - self._header.records % self.config.update_size

    def holds_trusted(self, name: str) -> bool:
        """Whether an id is that of a trusted session in V."""
        return name in self._trusted

    @property
    def arrivals(self) -> Mapping[int, ProviderCounts]:
        """What each provider has sent, as of the last record routed."""
        return self._arrivals.counts

    def provider_of(self, name: str) -> str | None:
        """Return the provider of an example; raises KeyError if it is not there."""
        if name in self._trusted:
            return self._trusted.evaluators.session(name).provider
        known = self._known(name)
        if known is None:
            raise KeyError(f"{name!r} is not there")
        return known[0]

    def refuse(self, provider: str | None) -> None:
        """Count a session that was refused because its id belongs to another provider."""
        self._arrivals.refuse(provider)

    def update(self, adds: Batch, upserts: Batch, deletes: Sequence[str]) -> Delta:
        """Apply additions, then replacements, then deletions, and play.

        Raises KeyError where an added id is there already, or a replaced or deleted one is not.
        """
        for name in adds.ids:
            if name in self:
                raise KeyError(f"{name!r} is there already")
        added = set(adds.ids)
        for name in (*upserts.ids, *deletes):
            if name not in self and name not in added:
                raise KeyError(f"{name!r} is not there")
        for batch in (adds, upserts, Batch.of_deletions(deletes, adds.embeddings.shape[1])):
            self.route(batch)
        return self.play()

    def apply(self, batch: Batch) -> Delta:
        """Route a batch and play."""
        self.route(batch)
        return self.play()

    def route(self, batch: Batch) -> None:
        """Bring records into the tree, closing each update on the way.

        Raises KeyError for the deletion of an id that is not there, before anything is changed.
        """
        self._check_deletions(batch)
        start = 0
        while start < len(batch):
            last = min(len(batch), start + self.records_left)
            stop, founded = self._until_forgotten(batch, start, last)
            self._place(batch.slice(start, stop))
            if founded is not None:
                self._forget_founder(founded)
            if self._header.records % self.config.update_size == 0:
                self._close_update()
            start = stop

    def play(self) -> Delta:
        """Play whatever changed since the last play, and return the difference."""
        tree, evaluators = self._tree, self._trusted.evaluators
        drawn = evaluators.follow(self._centroids, self._centred, self._removed)
        played = sorted((self._filled | drawn) & tree.leaves.keys())
        seats = [self._seat(leaf) for leaf in played]
        results = self._game.play_leaves(seats)
        for leaf, seat, (outcome, sketch) in zip(played, seats, results, strict=True):
            tree.leaves[leaf] = replace(
                tree.leaves[leaf], outcome=outcome, sketch=sketch, evaluators=seat.joined
            )
        rewritten = (tree.moved | set(played)) & tree.leaves.keys()
        centred = (self._centred - rewritten) & tree.leaves.keys()
        nodes = self._climb(played)
        delta = Delta(
            self._header,
            {node: tree.nodes[node] for node in nodes},
            {leaf: tree.leaves[leaf] for leaf in sorted(rewritten)},
            tuple(sorted(tree.gone_nodes)),
            tuple(sorted(tree.gone_leaves)),
            {leaf: tree.leaves[leaf].centroid for leaf in sorted(centred)},
            self._arrivals.settle(),
            self.drift,
        )
        for changed in (self._filled, self._centred, self._removed):
            changed.clear()
        tree.settle()
        return delta

    def _seat(self, leaf: int) -> Seat:
        """Return what the game of a leaf sees."""
        evaluators = self._trusted.evaluators
        return Seat(
            self._tree.leaves[leaf].examples,
            evaluators.of(leaf),
            evaluators.joined_of(leaf),
            self._young.since,
        )

    def _climb(self, played: Sequence[int]) -> list[int]:
        """Bring the nodes above these leaves, and reshaped ones, up to date, lowest first."""
        tree = self._tree
        reshaped = tree.reshaped & tree.nodes.keys()
        starts = {tree.leaves[leaf].parent for leaf in played} | reshaped
        above = {node for start in starts for node in path_up(tree.nodes, start)}
        order = sorted(above, key=lambda node: (tree.nodes[node].height, node))
        for number in order:
            node = tree.nodes[number]
            children = children_of(tree, node)
            total = np.add.reduce([child.sketch.vector for child in children])
            node = replace(node, sketch=Sketch(total, self._classes))
            tree.nodes[number] = replace(node, outcome=self._game.play_node(node, children))
        return order

    def _check_deletions(self, batch: Batch) -> None:
        seen: dict[str, bool] = {}
        for name, label in zip(batch.ids, batch.labels.tolist(), strict=True):
            if label == DELETION and not seen.get(name, name in self):
                raise KeyError(f"{name!r} is not there")
            seen[name] = label != DELETION

    def _place(self, batch: Batch) -> None:
        placing = self._arrivals.take(batch, self._known, self._header.records)
        self._trusted.take(batch, self._header.records)
        is_example = batch.labels != DELETION
        if batch.trusted is not None:
            is_example &= ~batch.trusted
        present = np.flatnonzero(is_example)
        leaves, spawned = place(
            batch.embeddings[present], self._tree, self._centroids, self.config.tau
        )
        target = dict(zip(present.tolist(), leaves.tolist(), strict=True))
        gone: dict[int, set[str]] = {}
        come: dict[int, dict[str, int]] = {}
        replaced = deleted = 0
        for row, name in enumerate(batch.ids):
            home = self._home.pop(name, None)
            if home is not None:
                gone.setdefault(home, set()).add(name)
                come.get(home, {}).pop(name, None)
            if row in target:
                replaced += home is not None
                self._home[name] = target[row]
                come.setdefault(target[row], {})[name] = row
            elif batch.labels[row] == DELETION:
                deleted += 1
                self._trusted.dismissed += home is None
            else:
                self._trusted.displaced += home is not None
        for leaf in gone.keys() | come.keys():
            rows = list(come.get(leaf, {}).values())
            old = self._tree.leaves[leaf]
            examples = edited(old.examples, gone.get(leaf, set()), batch, rows, placing)
            self._tree.leaves[leaf] = replace(old, examples=examples)
        self._young.add(batch, present)
        self._remark(self._arrivals.originals.settle())
        self._mark(gone.keys() | come.keys() | set(spawned), spawned)
        self._header = replace(
            self._header,
            records=self._header.records + len(batch),
            replacements=self._header.replacements + replaced,
            deletions=self._header.deletions + deleted,
            spawned=self._header.spawned + len(spawned),
            next_leaf=self._tree.next_leaf,
            next_node=self._tree.next_node,
            root=self._tree.root,
            touched=tuple(sorted(self._touched)),
        )

    def _until_forgotten(self, batch: Batch, start: int, stop: int) -> tuple[int, int | None]:
        """Return where these records are to be cut, and the leaf whose founder goes there.

        A leaf's centroid that is the embedding of a deleted example must not stay, and later
        records are placed by the one that it gets. An id that comes and goes within these records
        has no home to look at yet: they are cut before it goes.
        """
        deletions = np.flatnonzero(batch.labels[start:stop] == DELETION)
        if not len(deletions):
            return stop, None
        seen: set[str] = set()
        place = start
        for row in (deletions + start).tolist():
            seen.update(batch.ids[place:row])
            place, name = row, batch.ids[row]
            if name in seen:
                return row, None
            leaf = self._home.get(name)
            if leaf is not None and self._is_founder(self._tree.leaves[leaf], name):
                return row + 1, leaf
        return stop, None

    def _known(self, name: str) -> Known | None:
        home = self._home.get(name)
        if home is None:
            return None
        examples = self._tree.leaves[home].examples
        row = bisect_left(examples.ids, name)
        place = int(examples.arrivals[row])
        return examples.providers[row], int(examples.fingerprints[row, 0]), place

    def _remark(self, changed: Mapping[str, bool]) -> None:
        """Mark copies and originals; their leaves are played again, but nothing in them moved."""
        marks: dict[int, dict[str, bool]] = {}
        for name, copy in changed.items():
            marks.setdefault(self._home[name], {})[name] = copy
        for leaf, copies in marks.items():
            old = self._tree.leaves[leaf]
            self._tree.leaves[leaf] = replace(old, examples=remarked(old.examples, copies))
        self._filled |= marks.keys()

    def _is_founder(self, leaf: Leaf, name: str) -> bool:
        examples = leaf.examples
        embedding = examples.embeddings[bisect_left(examples.ids, name)]
        return bool((embedding == leaf.centroid).all())

    def _forget_founder(self, leaf: int) -> None:
        done = Reshaping()
        forget_founder(self._tree.leaves[leaf], self._tree, self._centroids, done)
        self._touched -= done.removed
        self._reshaped(done)
        self._header = replace(
            self._header,
            next_node=self._tree.next_node,
            root=self._tree.root,
            touched=tuple(sorted(self._touched)),
        )

    def _reshaped(self, done: Reshaping) -> None:
        self._filled = (self._filled | done.filled) - done.removed
        self._centred = (self._centred | done.centred) - done.removed
        self._removed |= done.removed

    def _mark(self, filled: set[int], centred: Sequence[int]) -> None:
        self._filled |= filled
        self._touched |= filled
        self._centred.update(centred)

    def _close_update(self) -> None:
        done = Reshaping()
        updates = self._header.updates + 1
        split_large(self._touched, self._tree, self._centroids, self.config, done)
        self._touched = (self._touched | done.filled) - done.removed
        balance = updates % self.config.rebalance_every == 0
        if balance:
            rebalance(self._touched, self._tree, self._centroids, self.config, done)
            self._touched = set()
        for leaf in done.filled:
            self._home.update(dict.fromkeys(self._tree.leaves[leaf].examples.ids, leaf))
        self._reshaped(done)
        self._trusted.retire()
        aged = self._young.advance(self._trusted.event_time)
        self._filled |= {self._home[name] for name in aged if name in self._home}
        self._header = replace(
            self._header,
            updates=updates,
            split=self._header.split + done.split,
            merged=self._header.merged + done.merged,
            rebalances=self._header.rebalances + balance,
            next_leaf=self._tree.next_leaf,
            next_node=self._tree.next_node,
            root=self._tree.root,
            touched=tuple(sorted(self._touched)),
        )
