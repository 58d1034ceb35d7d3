"""Values of ``algorithm1``, derived from the root down when they are read.

The root's pot is v(D) (v(∅) being 0). Each coalition divides its pot among its players by its game
(Algorithm 1's rescaling): share_j = ψ̂_j / Σψ̂, pot_j = pot · share_j, so the pots of a coalition's
players sum to its own, and the examples' to v(D).

**Where Σψ̂ is near 0 or negative** this would multiply sampling noise without bound or turn every
sign around. So the shares are ψ̂_j / Σψ̂ only where Σψ̂ > TOLERANCE · Σ|ψ̂| and Σψ̂ > ROUNDING;
otherwise the first of these weights that are not all zero, over their sum:

1. at a node: ω_j = max(v({child_j}), 0), the stand-alone worth (Eq. 14);
2. the number of examples of each child (in a leaf: 1 for each example);
3. 1 for each player, a coalition of no examples.

A pot may be negative where ψ̂_j is; it is then divided by the same rule, as printed, which gives the
most negative value to the largest ψ̂ within it.

**Standard errors.** The game of each level is an independent estimate, Σψ̂ taken as known (at a node
it telescopes to v(node), which is not sampled). With s² = variance(ψ̂_j) / (Σψ̂)², the variance of a
product of independent factors gives

    var(pot_j) = share_j² · var(pot) + pot² · s² + s² · var(pot)

from var = 0 at the root; s² = 0 for shares that fell back. In a leaf, ψ̂ is a mean over V and its
variance that of this mean. A standard error is the square root.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.state import EngineState
from hcdv_stream.valuation.tree.leaf import Leaf, Node
from hcdv_stream.valuation.tree.navigation import children_of

TOLERANCE = 0.01
"""Least Σψ̂ / Σ|ψ̂| that is rescaled by: no share is then above 100."""
ROUNDING = 1e-12
"""A Σψ̂ up to this is rounding: k-NN values are kept to 2^-40."""


class Pot(NamedTuple):
    """What a coalition has to divide, and the variance of that as an estimate."""

    value: float
    variance: float


@dataclass(frozen=True, slots=True)
class Pots:
    """The pot of every inner node and of every leaf, by id."""

    nodes: dict[int, Pot] = field(default_factory=dict)
    leaves: dict[int, Pot] = field(default_factory=dict)


def coalition_pots(state: EngineState) -> Pots:
    """Divide v(D) from the root down to the leaves; a tree that never played has only zeros."""
    pots = Pots()
    root = state.nodes[state.header.root]
    worth = float(root.outcome["worth"][0]) if root.outcome else 0.0
    pots.nodes[root.id] = Pot(worth, 0.0)
    waiting = [root]
    while waiting:
        node = waiting.pop()
        children = children_of(state, node)
        values, variances = divided(pots.nodes[node.id], *_node_shares(node, children))
        into = pots.leaves if node.is_lowest else pots.nodes
        for child, value, variance in zip(children, values, variances, strict=True):
            into[child.id] = Pot(float(value), float(variance))
        waiting.extend(child for child in children if isinstance(child, Node))
    return pots


def example_values(state: EngineState) -> dict[int, tuple[Floats, Floats]]:
    """Return φ and its standard error for the examples of every leaf, (m,) each, by leaf id."""
    pots = coalition_pots(state)
    return {leaf: leaf_values(state.leaves[leaf], pot) for leaf, pot in pots.leaves.items()}


def leaf_values(leaf: Leaf, pot: Pot) -> tuple[Floats, Floats]:
    """Divide a leaf's pot among its examples: φ and its standard error, (m,) each."""
    if not leaf.outcome:
        return np.zeros(len(leaf.examples)), np.zeros(len(leaf.examples))
    psi, variance = leaf.outcome["psi"], leaf.outcome["variance"]
    share, spread = shares(psi.astype(np.float64), variance.astype(np.float64), ())
    values, variances = divided(pot, share, spread)
    return values, np.sqrt(variances)


def shares(psi: Floats, variance: Floats, fallbacks: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Return each player's share (K,), summing to 1, and its variance s² (K,).

    ``fallbacks`` are weights (K,) >= 0 tried in turn where Σψ̂ does not allow rescaling, before
    the uniform ones.
    """
    if scalable(psi):
        total = float(psi.sum())
        return psi / total, variance / (total * total)
    for weights in (*fallbacks, np.ones(len(psi))):
        whole = float(weights.sum())
        if whole > 0.0:
            return weights / whole, np.zeros(len(psi))
    return np.zeros(0), np.zeros(0)


def scalable(psi: Floats) -> bool:
    """Whether Σψ̂ is far enough above 0 to rescale by."""
    return float(psi.sum()) > max(TOLERANCE * float(np.abs(psi).sum()), ROUNDING)


def divided(pot: Pot, share: Floats, spread: Floats) -> tuple[Floats, Floats]:
    """Return the players' pots and their variances; see the module for the formula."""
    value, variance = pot
    return value * share, share * share * variance + spread * (value * value + variance)


def _node_shares(node: Node, children: Sequence[Leaf | Node]) -> tuple[Floats, Floats]:
    examples = np.array([child.sketch.size for child in children], dtype=np.float64)
    if not node.outcome:
        return shares(np.zeros(len(children)), np.zeros(len(children)), (examples,))
    psi, variance, standalone = (
        node.outcome[name].astype(np.float64) for name in ("psi", "variance", "standalone")
    )
    return shares(psi, variance, (np.maximum(standalone, 0.0), examples))
