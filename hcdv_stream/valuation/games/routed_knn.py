"""The default game: a k-NN utility in each leaf, evaluated by its V and by its own examples.

v(S) = Σ_c ω_c [(1−β)/|V_c| Σ_{e∈V_c} u_e(S) + β/n_c Σ_{j∈D_c} u_j(S∖{j})] + λ Δ̄(S), where u_e is
the k-NN utility of evaluator e among the examples of S in e's leaf. The games of different leaves
have no player in common, so by additivity and the dummy axiom an example's Shapley value in the
whole is its value in its leaf's game. Each example keeps its components per class of evaluator; the
weights ω, β, λ and the counts |V_c|, n_c come in when a value is read (``routed_weights``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.config import EngineConfig
from hcdv_stream.valuation.embedding.grid import Embeddings, cosines
from hcdv_stream.valuation.games.game import Outcome, Seat
from hcdv_stream.valuation.games.knn import (
    EXCLUDED,
    by_player,
    shapley_by_rank,
    sorted_keys,
    squared,
    utilities,
)
from hcdv_stream.valuation.tree.leaf import Leaf, LeafExamples, Node
from hcdv_stream.valuation.tree.sketch import PEERS, TRUSTED, Counts, Sketch
from hcdv_stream.valuation.validation import Validation

_MOST_CELLS = 1 << 20
"""Evaluator-player pairs played at once: bounds memory, changes no value."""
_NOBODY = -1
ORIGINALS = 2
"""Behind TRUSTED and PEERS in the table of a leaf with copies."""


@dataclass(frozen=True, slots=True)
class RoutedGame:
    """Plays leaves; its nodes have no game of their own, their value is the sum of their leaves.

    Outcome of a leaf with m examples: ``components`` int64 (m, 2, C), the example's Shapley values
    summed over the evaluators of class c (UTILITY_BITS), and ``moments`` int64 (m, 2, C), the sums
    of their squares (SQUARE_BITS); middle axis TRUSTED, PEERS.

    A leaf with copies is played once more without them, by V alone (see ``payout_weights``):
    ``original_components`` and ``original_moments`` int64 (m, C), 0 for copies, and
    ``original_utilities`` int64 (2, C), the utilities of its evaluators (UTILITY_BITS) and their
    squares (SQUARE_BITS). Without copies the game would be the same, so nothing is kept.
    """

    config: EngineConfig
    classes: int
    validation: Validation

    def play_node(self, node: Node, children: Sequence[Leaf | Node]) -> Outcome:
        """Return nothing: see the class."""
        return {}

    def play_leaves(self, seats: Sequence[Seat]) -> list[tuple[Outcome, Sketch]]:
        """Play every seat's game; large ones apart, so that padding stays small."""
        results: dict[int, tuple[Outcome, Sketch]] = {}
        for places in _chunks([len(seat.examples) for seat in seats], self._rows(seats)):
            played = self._play([seats[place] for place in places])
            results.update(zip(places, played, strict=True))
        return [results[place] for place in range(len(seats))]

    def _rows(self, seats: Sequence[Seat]) -> list[int]:
        return [_rows_of(seat, self.config.peers) for seat in seats]

    def _play(self, seats: Sequence[Seat]) -> list[tuple[Outcome, Sketch]]:
        table = _EvaluatorTable.lay(seats, self.validation, self.config.peers, self.classes)
        keys = sorted_keys(table.cosines, table.matches)
        values = by_player(shapley_by_rank(keys, self.config.neighbours), keys)
        worth = utilities(keys, self.config.neighbours)
        components = table.per_group(values)
        moments = table.per_group(squared(values))
        utility = table.per_group(worth[:, None])[..., 0]
        squares = table.per_group(squared(worth)[:, None])[..., 0]
        evaluators = table.group_sizes
        return [
            self._result(
                seat.examples,
                components[place],
                moments[place],
                (evaluators[place], utility[place], squares[place]),
            )
            for place, seat in enumerate(seats)
        ]

    def _result(
        self, examples: LeafExamples, components: Counts, moments: Counts, sums: tuple[Counts, ...]
    ) -> tuple[Outcome, Sketch]:
        own = components[:ORIGINALS, :, : len(examples)].transpose(2, 0, 1).copy()
        sketch = Sketch.of_examples(examples.embeddings, examples.labels, self.classes)
        sketch.evaluators[:], sketch.utilities[:], sketch.squares[:] = (
            each[:ORIGINALS] for each in sums
        )
        sketch.components[:] = own.sum(axis=0)
        outcome = {
            "components": own,
            "moments": moments[:ORIGINALS, :, : len(examples)].transpose(2, 0, 1).copy(),
        }
        if examples.copies.any():
            _, utility, squares = sums
            outcome |= {
                "original_components": components[ORIGINALS, :, : len(examples)].T.copy(),
                "original_moments": moments[ORIGINALS, :, : len(examples)].T.copy(),
                "original_utilities": np.stack([utility[ORIGINALS], squares[ORIGINALS]]),
            }
        return outcome, sketch


def _rows_of(seat: Seat, peers: str) -> int:
    """Count the evaluators that play in a leaf, those of the originals' game once more."""
    trusted = _trusted_rows(seat) * (1 + bool(seat.examples.copies.any()))
    return trusted + _peer_rows(seat, peers)


def _chunks(sizes: Sequence[int], rows: Sequence[int]) -> Iterator[list[int]]:
    """Group leaves of similar size until a group has _MOST_CELLS cells."""
    chunk: list[int] = []
    total = width = 0
    for place in sorted(range(len(sizes)), key=lambda place: -sizes[place]):
        too_small = chunk and sizes[place] * 2 < width and total * width > _MOST_CELLS // 16
        if chunk and ((total + rows[place]) * width > _MOST_CELLS or too_small):
            yield chunk
            chunk, total = [], 0
        if not chunk:
            width = sizes[place]
        chunk.append(place)
        total += rows[place]
    if chunk:
        yield chunk


@dataclass(frozen=True, slots=True)
class _EvaluatorTable:
    """All evaluators of some leaves as rows, the players of their leaf as columns.

    Rows are ordered by group: leaf, then TRUSTED, PEERS or ORIGINALS, then class of the evaluator.
    ORIGINALS are the trusted ones once more where a leaf has copies, which they do not see.
    """

    cosines: npt.NDArray[np.float64]
    matches: npt.NDArray[np.bool_]
    group_sizes: Counts

    @classmethod
    def lay(
        cls, seats: Sequence[Seat], validation: Validation, peers: str, classes: int
    ) -> "_EvaluatorTable":
        """Lay the table of some leaves; see ``EngineConfig.peers``."""
        width = max(1, *(len(seat.examples) for seat in seats))
        height = sum(_rows_of(seat, peers) for seat in seats)
        distances = np.full((height, width), EXCLUDED)
        matches = np.zeros((height, width), np.bool_)
        sizes = np.zeros((len(seats), 3, classes), np.int64)
        row = 0
        for place, seat in enumerate(seats):
            examples = seat.examples
            embeddings, labels = _trusted_of(seat, validation)
            trusted = len(labels)
            order = np.argsort(labels, kind="stable")
            sizes[place, TRUSTED] = np.bincount(labels, minlength=classes)
            evaluators, evaluator_labels = [embeddings[order]], [labels[order]]
            blocks = [np.full(trusted, _NOBODY)]
            owners = owner_numbers(examples.providers, peers)
            if peers != "off":
                order = np.argsort(examples.labels, kind="stable")
                if (young := seat.peers) is not None:
                    order = order[young[order]]
                sizes[place, PEERS] = np.bincount(examples.labels[order], minlength=classes)
                evaluators.append(examples.embeddings[order])
                evaluator_labels.append(examples.labels[order])
                blocks.append(owners[order])
            stop = row + sum(map(len, evaluator_labels))
            own = np.concatenate(blocks)[:, None] == owners
            cells = cosines(np.concatenate(evaluators), examples.embeddings)
            cells[own] = EXCLUDED
            distances[row:stop, : len(examples)] = cells
            matches[row:stop, : len(examples)] = (
                np.concatenate(evaluator_labels)[:, None] == examples.labels
            ) & ~own
            if examples.copies.any():
                seen, again = slice(row, row + trusted), slice(stop, stop + trusted)
                mine = slice(len(examples))
                distances[again, mine] = np.where(examples.copies, EXCLUDED, distances[seen, mine])
                matches[again, mine] = matches[seen, mine] & ~examples.copies
                sizes[place, ORIGINALS] = sizes[place, TRUSTED]
                stop += trusted
            row = stop
        return cls(distances, matches, sizes)

    def per_group(self, values: Counts) -> Counts:
        """Sum rows over each group: (rows, w) gives (leaves, 3, C, w)."""
        counts = self.group_sizes.reshape(-1)
        result = np.zeros((len(counts), values.shape[1]), np.int64)
        filled = np.flatnonzero(counts)
        starts = (np.cumsum(counts) - counts)[filled]
        if len(filled):
            result[filled] = np.add.reduceat(values, starts, axis=0)
        return result.reshape(*self.group_sizes.shape, values.shape[1])


def _trusted_rows(seat: Seat) -> int:
    return len(seat.evaluators) + (len(seat.joined) if seat.joined else 0)


def _peer_rows(seat: Seat, peers: str) -> int:
    if peers == "off":
        return 0
    young = seat.peers
    return len(seat.examples) if young is None else int(young.sum())


def _trusted_of(seat: Seat, validation: Validation) -> tuple[Embeddings, npt.NDArray[np.int16]]:
    """Return embeddings and labels of a leaf's trusted evaluators."""
    embeddings, labels = validation.embeddings[seat.evaluators], validation.labels[seat.evaluators]
    if not seat.joined:
        return embeddings, labels
    return (
        np.concatenate([embeddings, seat.joined.embeddings]),
        np.concatenate([labels, seat.joined.labels]),
    )


def owner_numbers(providers: Sequence[str | None], peers: str) -> npt.NDArray[np.int64]:
    """Number the providers so that equal numbers must not evaluate each other."""
    if peers != "other-providers":
        return np.arange(len(providers))
    numbers: dict[str, int] = {}
    return np.array(
        [
            place if name is None else numbers.setdefault(name, place)
            for place, name in enumerate(providers)
        ],
        dtype=np.int64,
    )
