"""A leaf drawn from a running worker: as its engine has it, as it is stored, and as it replays."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcdv_stream.state.errors import StateError
from hcdv_stream.state.records import encode_leaf
from hcdv_stream.valuation.games.game import TreeGame
from hcdv_stream.valuation.replay import leaf_differences
from hcdv_stream.valuation.tree.leaf import Leaf


class MismatchError(StateError):
    """A leaf that is not what its replay gives: the worker must not go on."""


@dataclass(frozen=True, slots=True)
class LeafSample:
    """A leaf as the engine has it and as it is stored, and the bundle's rows that evaluate in it.

    ``strays`` counts those that another leaf is nearer to; ``peers_since`` is the event time from
    which on its examples are peers.
    """

    leaf: Leaf
    stored: Leaf | None
    evaluators: npt.NDArray[np.int64]
    strays: int
    peers_since: float | None = None

    def differences(self, game: TreeGame, classes: int) -> list[str]:
        """Say what differs between the engine, the store and a replay; empty where nothing does."""
        found = leaf_differences(game, self.leaf, self.evaluators, classes, self.peers_since)
        if self.strays:
            found.append(f"{self.strays} of its evaluators belong to another leaf")
        if self.stored is None:
            found.append("it is not stored")
        elif encode_leaf(self.stored, 0) != encode_leaf(self.leaf, 0):
            found.append("it is stored otherwise than the engine has it")
        return found
