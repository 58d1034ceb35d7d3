"""What every game is to the engine: leaves are played in bulk, nodes one by one.

A game is a pure function of what it is shown. That is what lets the engine keep the outcome of
every leaf that an update does not touch, and a test replay all of them bit for bit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.tree.leaf import Leaf, LeafExamples, Node
from hcdv_stream.valuation.tree.sketch import Sketch

Outcome = Mapping[str, npt.NDArray[np.generic]]
"""Named arrays, each game's own."""


@dataclass(frozen=True, slots=True)
class Seat:
    """What the game of one leaf sees: its examples, and the rows of V that are routed to it."""

    examples: LeafExamples
    evaluators: npt.NDArray[np.int64]


class TreeGame(Protocol):
    """A cooperative game played along the tree."""

    def play_leaves(self, seats: Sequence[Seat]) -> list[tuple[Outcome, Sketch]]:
        """Play the game of each leaf: its outcome, and the leaf's sketch."""

    def play_node(self, node: Node, children: Sequence[Leaf | Node]) -> Outcome:
        """Play the game among a node's children, all played already; may be empty."""
