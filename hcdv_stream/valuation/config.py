"""The parameters of tree and games that decide what is computed, not how it is weighed.

Weights (class weights, β, λ) are deliberately absent: they come in when a value is read.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

from hcdv_stream.valuation.games.knn import MOST_PLAYERS

GameName = Literal["routed", "algorithm1"]
Peers = Literal["other-providers", "all", "off"]


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Parameters of one partition's engine.

    ``neighbours`` is k of the k-NN utility; ``leaf_size`` M, the most examples a leaf keeps after
    an update; ``branching`` the most children of an inner node, the last entry for the parents of
    leaves and the first for every node above them (K1, K2); ``tau`` the cosine distance beyond
    which a record founds a leaf of its own, or None for the bundle's; ``rebalance_every`` m in
    updates; ``merge_below`` the size under which a rebalance merges a leaf away; ``update_size``
    the records that make one update; ``permutations`` T and ``contrast`` λ of ``algorithm1``, which
    weighs when it plays. ``validation_most`` is how many evaluators of a class V keeps once trusted
    sessions join it, 0 for as many as the bundle has, or an even share of all of these;
    ``validation_horizon`` the age in seconds of event time at which an evaluator leaves, 0 for
    never, as long as ``validation_least`` of its class stay; ``peer_horizon`` the age from which on
    an example is no peer, 0 for never. Raises
    ValueError where out of range.
    """

    game: GameName = "routed"
    peers: Peers = "other-providers"
    neighbours: int = 5
    leaf_size: int = 64
    branching: tuple[int, ...] = (16, 64)
    tau: float | None = None
    rebalance_every: int = 3
    merge_below: int = 8
    update_size: int = 150
    permutations: int = 64
    contrast: float = 0.05
    seed: int = 0
    validation_most: int = 0
    validation_least: int = 50
    validation_horizon: float = 0.0
    peer_horizon: float = 0.0

    def __post_init__(self) -> None:
        at_least = {
            "neighbours": 1,
            "leaf_size": 4,
            "rebalance_every": 1,
            "merge_below": 0,
            "update_size": 1,
            "permutations": 2,
            "validation_most": 0,
            "validation_least": 1,
            "validation_horizon": 0,
            "peer_horizon": 0,
        }
        for name, least in at_least.items():
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if self.leaf_size + self.update_size > MOST_PLAYERS:
            raise ValueError(
                f"update_size + leaf_size must be at most {MOST_PLAYERS}, "
                f"got {self.update_size} + {self.leaf_size}"
            )
        if not self.branching or min(self.branching) < 2:
            raise ValueError(f"branching must hold numbers of at least 2, got {self.branching}")
        if self.tau is not None and not 0.0 < self.tau <= 2.0:
            raise ValueError(f"tau must be a cosine distance in (0, 2], got {self.tau}")
        for name in ("validation_horizon", "peer_horizon"):
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f"{name} must be finite, got {getattr(self, name)}")
            if getattr(self, name) and self.game != "routed":
                raise ValueError(f"{name} must be 0 for the game {self.game}")
        if self.merge_below > self.leaf_size // 2:
            raise ValueError(f"merge_below must be at most leaf_size / 2, got {self.merge_below}")


PAPER = replace(
    EngineConfig(),
    game="algorithm1",
    branching=(16, 64),
    leaf_size=64,
    permutations=64,
    tau=0.35,
    rebalance_every=3,
)
"""The paper's streaming parameters: K1=16, K2=64, M=64, T=64, τ=0.35, m=3."""
