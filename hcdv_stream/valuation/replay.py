"""Every game of a state played again from scratch, and what differs from what is stored.

The games are the engine's own (``games``); what the engine keeps between updates is not used: each
evaluator looks for its nearest leaf among all, and each leaf and node plays anew. Equal means equal
in every bit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.completeness import miscount
from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.corpus import Corpus
from hcdv_stream.valuation.doubt.packed import plausible
from hcdv_stream.valuation.embedding.grid import on_grid
from hcdv_stream.valuation.games.game import Outcome, Seat, TreeGame
from hcdv_stream.valuation.games.registry import game_of
from hcdv_stream.valuation.originals import Originals
from hcdv_stream.valuation.state import EngineState
from hcdv_stream.valuation.tree.centroids import Centroids
from hcdv_stream.valuation.tree.evaluators import Evaluators
from hcdv_stream.valuation.tree.leaf import ROOT_PARENT, Leaf, Node, same_sessions
from hcdv_stream.valuation.tree.navigation import children_of
from hcdv_stream.valuation.tree.sketch import Sketch
from hcdv_stream.valuation.validation import Validation
from hcdv_stream.valuation.values import residual

RESIDUAL = 1e-9
"""Most that rounding leaves between the sum of all values and the worth of the whole."""
_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Where a state differs from its replay, and in what."""

    place: str
    detail: str


class StateReplay:
    """Plays a state again; the state must be of this configuration and this V."""

    def __init__(
        self, config: EngineConfig, classes: int, validation: Validation, state: EngineState
    ) -> None:
        self._config = config
        self._classes = classes
        self._validation = validation
        self._state = state
        self._game = game_of(config, classes, validation)

    def leaves(self) -> Iterator[list[Mismatch]]:
        """Replay all leaves, a few at once; yields what differs for each of them."""
        state = self._state
        centroids = Centroids({leaf.id: leaf.centroid for leaf in state.leaves.values()})
        evaluators = Evaluators(
            self._validation, centroids, state.drift.departed, state.leaves.values()
        )
        order = sorted(state.leaves)
        for start in range(0, len(order), _AT_ONCE):
            leaves = [state.leaves[leaf] for leaf in order[start : start + _AT_ONCE]]
            odd = {leaf.id: columns_problem(leaf, self._classes) for leaf in leaves}
            sound = [leaf for leaf in leaves if not odd[leaf.id]]
            seats = [
                Seat(
                    leaf.examples,
                    evaluators.of(leaf.id),
                    evaluators.joined_of(leaf.id),
                    state.drift.peers_since,
                )
                for leaf in sound
            ]
            found = dict(zip((leaf.id for leaf in sound), self._play(sound, seats), strict=True))
            for leaf in leaves:
                problem = odd[leaf.id]
                details = [problem] if problem else found[leaf.id]
                if not same_sessions(leaf.evaluators, evaluators.joined_of(leaf.id)):
                    details = [
                        *details,
                        "its trusted sessions belong to other leaves",
                    ]
                yield [Mismatch(f"leaf {leaf.id}", detail) for detail in details]

    def nodes(self) -> Iterator[list[Mismatch]]:
        """Replay all nodes, the lowest first; yields what differs for each of them."""
        state = self._state
        for node in sorted(state.nodes.values(), key=lambda node: (node.height, node.id)):
            yield [Mismatch(f"node {node.id}", detail) for detail in self._node(node)]

    def whole(self) -> list[Mismatch]:
        """Check what concerns all: counts, ids, the root."""
        state, problems = self._state, []
        if problem := miscount(state):
            problems.append(problem)
        seen: set[str] = set()
        for leaf in state.leaves.values():
            twice = seen.intersection(leaf.examples.ids)
            seen.update(leaf.examples.ids)
            problems += [f"the example {name!r} is in two leaves" for name in sorted(twice)]
        problems += _marks(state)
        if state.nodes[state.header.root].parent != ROOT_PARENT:
            problems.append("the root has a parent")
        return [Mismatch("corpus", problem) for problem in problems]

    def efficiency(self) -> list[Mismatch]:
        """Check that the values' sum is the worth of the whole; for a state that is sound else."""
        if not self._state.nodes[self._state.header.root].sketch.size:
            return []
        names = [str(number) for number in range(self._classes)]
        bundled = self._validation.counts(self._classes)
        left = residual(Corpus(self._state, self._config.game, names, bundled).state_values())
        if left <= RESIDUAL:
            return []
        detail = f"the values' sum is {left:.3g} away from the worth of the whole"
        return [Mismatch("corpus", detail)]

    def _play(self, leaves: Sequence[Leaf], seats: Sequence[Seat]) -> list[list[str]]:
        if not self._state.header.records:  # no game is played before the first record
            return [[] for _ in leaves]
        played = self._game.play_leaves(seats)
        return [
            _leaf_differences(leaf, outcome, sketch)
            for leaf, (outcome, sketch) in zip(leaves, played, strict=True)
        ]

    def _node(self, node: Node) -> list[str]:
        state = self._state
        children = children_of(state, node)
        problems = [
            f"its child {child.id} names {child.parent} as its parent"
            for child in children
            if child.parent != node.id
        ]
        problems += [
            f"its child {child.id} has the height {child.height}"
            for child in children
            if isinstance(child, Node) and child.height != node.height - 1
        ]
        if not children:
            problems.append("it has no children")
        if problems:
            return problems
        total = Sketch(np.add.reduce([child.sketch.vector for child in children]), self._classes)
        if total != node.sketch:
            problems.append("its sums are not those of its children")
        if state.header.records:
            problems += _differing(node.outcome, self._game.play_node(node, children))
        return problems


def _marks(state: EngineState) -> list[str]:
    """Say which examples are marked as copies and are none, or the other way round."""
    originals = Originals(state.leaves.values())
    wrong = [
        name
        for leaf in state.leaves.values()
        for name, fingerprint, copy in zip(
            leaf.examples.ids,
            leaf.examples.fingerprints[:, 0].tolist(),
            leaf.examples.copies.tolist(),
            strict=True,
        )
        if copy != originals.is_copy(fingerprint, name)
    ]
    if not wrong:
        return []
    return [f"{len(wrong)} examples are wrongly marked as copies or originals: {sorted(wrong)[0]}"]


def leaf_differences(
    game: TreeGame,
    leaf: Leaf,
    evaluators: npt.NDArray[np.int64],
    classes: int,
    peers_since: float | None = None,
) -> list[str]:
    """Play one leaf's game from scratch and say in what the leaf differs from it.

    ``evaluators`` are the rows of the bundle's V that sit in it; ``peers_since`` is the event time
    from which on its examples are peers.
    """
    if problem := columns_problem(leaf, classes):
        return [problem]
    seat = Seat(leaf.examples, evaluators, leaf.evaluators, peers_since)
    ((outcome, sketch),) = game.play_leaves([seat])
    return _leaf_differences(leaf, outcome, sketch)


def _leaf_differences(leaf: Leaf, outcome: Outcome, sketch: Sketch) -> list[str]:
    problems = _differing(leaf.outcome, outcome, leaf.examples.ids)
    if sketch != leaf.sketch:
        problems.append("its sums differ from a replay")
    return problems


def columns_problem(leaf: Leaf, classes: int) -> str | None:
    """Say what is wrong with the columns of a leaf, which no replay would notice; None if nothing.

    Examples are in the order of their ids, each id once; labels and suggested labels are classes;
    embeddings are unit vectors, or zero, on the grid.
    """
    examples = leaf.examples
    if list(examples.ids) != sorted(set(examples.ids)):
        return "its examples are not in order"
    if leaf.sketch.classes != classes or len(leaf.sketch.vector) != classes * (
        len(leaf.centroid) + 9
    ):
        return "its sums have another shape"
    labels = examples.labels
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        return "a label is no class"
    if not plausible(examples.doubts, classes):
        return "a doubt suggests no class"
    return _embeddings_problem(leaf)


def _embeddings_problem(leaf: Leaf) -> str | None:
    examples = leaf.examples
    if examples.embeddings.shape != (len(examples), len(leaf.centroid)):
        return "its embeddings have another shape"
    if not on_grid(examples.embeddings) or not on_grid(leaf.centroid[None, :]):
        return "an embedding is no unit vector on the grid"
    return None


def _differing(stored: Outcome, played: Outcome, ids: Sequence[str] = ()) -> list[str]:
    """Say which arrays of an outcome are not the same in every bit."""
    problems = []
    for name in sorted(stored.keys() | played.keys()):
        if name not in stored or name not in played:
            where = "stored" if name in stored else "played"
            problems.append(f"its {name} are only {where}")
            continue
        left, right = stored[name], played[name]
        if (left.dtype, left.shape) != (right.dtype, right.shape):
            problems.append(f"its {name} have another shape than a replay's")
        elif left.tobytes() != right.tobytes():
            rows = [
                row
                for row in range(len(left))
                if np.ascontiguousarray(left[row]).tobytes()
                != np.ascontiguousarray(right[row]).tobytes()
            ]
            named = ids and len(ids) == len(left)
            about = ", ".join(ids[row] for row in rows[:3]) if named else str(rows[:3])
            problems.append(f"its {name} differ from a replay in {len(rows)} rows: {about}")
    return problems
