"""The read side of one partition: its state as columns, and what everything in it is worth.

Columns run over the leaves in the order of their ids, and over the examples of a leaf in the order
of theirs. Values of one example, of a coalition and of the whole come from here for either game.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.config import GameName
from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.games.contrast import ContrastShapley
from hcdv_stream.valuation.games.payout_weights import PayoutWeights
from hcdv_stream.valuation.games.routed_weights import RoutedWeights
from hcdv_stream.valuation.payout_values import PayoutStateValues
from hcdv_stream.valuation.state import EngineState
from hcdv_stream.valuation.tree.navigation import path_up
from hcdv_stream.valuation.tree.sketch import TRUSTED, Counts, Sketch
from hcdv_stream.valuation.values import PrintedStateValues, RoutedStateValues, StateValues, Values
from hcdv_stream.valuation.weights import Weights


class Corpus:
    """One partition's examples and what they are worth; immutable."""

    def __init__(
        self,
        state: EngineState,
        game: GameName,
        classes: Sequence[str],
        trusted: Counts,
        neighbours: int | None = None,
    ) -> None:
        """``classes`` name the C labels; ``trusted`` (C,) are the counts of the bundle's V.

        ``neighbours`` is the k that the state was played with, which payouts need.
        """
        self._neighbours = neighbours
        self.state = state
        self.game = game
        self.classes = tuple(classes)
        self._bundled = trusted
        self._order = [state.leaves[leaf] for leaf in sorted(state.leaves)]

    def __len__(self) -> int:
        return self.whole.size

    @property
    def whole(self) -> Sketch:
        """The corpus as one coalition."""
        return self.state.nodes[self.state.header.root].sketch

    @property
    def trusted(self) -> Counts:
        """Class counts (C,) of V as it is now."""
        if self.game == "routed" and self.state.header.records:
            counts: Counts = self.whole.evaluators[TRUSTED]
            return counts
        return self._bundled

    @cached_property
    def ids(self) -> list[str]:
        """Ids of the n examples."""
        return [name for leaf in self._order for name in leaf.examples.ids]

    @cached_property
    def providers(self) -> list[str | None]:
        """Providers of the n examples."""
        return [name for leaf in self._order for name in leaf.examples.providers]

    @cached_property
    def labels(self) -> npt.NDArray[np.int16]:
        """Class indices, (n,)."""
        return np.concatenate([leaf.examples.labels for leaf in self._order])

    @cached_property
    def timestamps(self) -> Floats:
        """Event times in seconds since the epoch, (n,)."""
        return np.concatenate([leaf.examples.timestamps for leaf in self._order])

    @cached_property
    def embeddings(self) -> Embeddings:
        """Grid unit vectors, (n, d)."""
        return np.concatenate([leaf.examples.embeddings for leaf in self._order])

    @cached_property
    def leaves(self) -> npt.NDArray[np.int64]:
        """Leaf of each example, (n,)."""
        sizes = [len(leaf.examples) for leaf in self._order]
        return np.repeat([leaf.id for leaf in self._order], sizes).astype(np.int64)

    @cached_property
    def _rows(self) -> Mapping[str, int]:
        return {name: row for row, name in enumerate(self.ids)}

    @cached_property
    def _contrast(self) -> ContrastShapley:
        return ContrastShapley.of(self.whole.counts, self.whole.embeddings)

    def row(self, name: str) -> int:
        """Where an id stands in the columns; KeyError where it is not there."""
        return self._rows[name]

    def path(self, leaf: int) -> tuple[int, ...]:
        """Nodes from the root down to this leaf's parent; KeyError where there is no such leaf."""
        return tuple(reversed(path_up(self.state.nodes, self.state.leaves[leaf].parent)))

    def state_values(self, weights: Weights | None = None) -> StateValues:
        """Return the values under some weights, or under those that are usual.

        Raises ValueError for a utility that names no class, and for any weights where the game
        fixed them when it was played.
        """
        if self.game == "routed":
            chosen = weights or Weights()
            if chosen.payout:
                return self._payout_values(chosen)
            routed = RoutedWeights.of(
                self.whole, self.trusted, self.classes, chosen, self._contrast
            )
            return RoutedStateValues(self.state, routed)
        if weights is not None and weights.payout:
            raise ValueError(
                f"payouts need the game routed, got {self.game}: its values are fixed when it is "
                "played"
            )
        if weights is not None:
            raise ValueError(f"utility, beta and lambda were fixed when {self.game} was played")
        return PrintedStateValues(self.state)

    def _payout_values(self, weights: Weights) -> StateValues:
        if self._neighbours is None:
            raise ValueError("payouts need the k that the games were played with")
        chosen = PayoutWeights.of(self.trusted, self.classes, weights, self._neighbours)
        return PayoutStateValues(self.state, chosen)

    def values(self, weights: Weights | None = None) -> Values:
        """φ and its standard error for every example; see ``state_values``."""
        return self.state_values(weights).examples()
