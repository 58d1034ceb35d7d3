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
    """What the game of one leaf sees: its examples, and what of V is routed to it.

    ``evaluators`` are rows of the bundle's V, ``joined`` the trusted sessions that joined it.
    Examples older than ``peers_since``, seconds since the epoch, are no peers.
    """

    examples: LeafExamples
    evaluators: npt.NDArray[np.int64]
    joined: LeafExamples | None = None
    peers_since: float | None = None

    @property
    def peers(self) -> npt.NDArray[np.bool_] | None:
        """Which examples are young enough to be peers, None if all are."""
        if self.peers_since is None:
            return None
        return self.examples.timestamps >= self.peers_since


class TreeGame(Protocol):
    """A cooperative game played along the tree."""

    def play_leaves(self, seats: Sequence[Seat]) -> list[tuple[Outcome, Sketch]]:
        """Play the game of each leaf: its outcome, and the leaf's sketch."""

    def play_node(self, node: Node, children: Sequence[Leaf | Node]) -> Outcome:
        """Play the game among a node's children, all played already; may be empty."""
