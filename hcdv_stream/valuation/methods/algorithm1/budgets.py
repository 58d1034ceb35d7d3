"""Eq. 14–15 and line 9: budgets from above, and the game rescaled to them.

Everything works on one set of players that share a pot. Variances are carried along as in ``pots``.
"""

import numpy as np

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.games.pots import Pot, divided, scalable, shares
from hcdv_stream.valuation.methods.algorithm1.estimates import LevelEstimate
from hcdv_stream.valuation.methods.algorithm1.interpretation import Omega, Unscalable


def omega(standalone: Floats, sizes: Floats) -> Floats:
    """Eq. 14: max(v({j}), 0) over their sum, (K,); by number of examples where that is 0."""
    worth = np.maximum(standalone, 0.0)
    weights = worth if worth.sum() > 0.0 else sizes
    parts: Floats = weights / weights.sum()
    return parts


def credits(
    pot: Pot, weights: Floats, played: LevelEstimate, role: Omega, rule: Unscalable
) -> tuple[Floats, Floats]:
    """Divide a pot among players: credits (K,), summing to the pot, and their variances (K,).

    ``weights`` are the players' parts of the pot by Eq. 15, summing to 1: ω times the credit of
    each one's parent, over the pot.
    """
    if role == "budget":
        return divided(pot, weights, np.zeros(len(weights)))
    psi, variance = played.psi, played.variance
    if role == "product":
        psi, variance = weights * psi, weights * weights * variance
    values, variances = rescaled(pot, psi, variance, weights, rule)
    if role == "blend":
        budgets, spread = divided(pot, weights, np.zeros(len(weights)))
        return (values + budgets) / 2, (variances + spread) / 4
    return values, variances


def rescaled(
    pot: Pot, psi: Floats, variance: Floats, weights: Floats, rule: Unscalable
) -> tuple[Floats, Floats]:
    """Line 9: ψ̂ brought to sum to the pot; ``rule`` where their sum does not allow to scale.

    ``weights`` sum to 1 and are what ``omega`` divides by.
    """
    total = float(psi.sum())
    if rule == "as-printed" and total != 0.0:
        return divided(pot, psi / total, variance / (total * total))
    if rule == "shift" and not scalable(psi):
        moved: Floats = psi + (pot.value - total) / len(psi)
        return moved, variance + pot.variance / len(psi) ** 2
    if rule == "clip" and not scalable(psi):
        psi, variance = np.maximum(psi, 0.0), np.where(psi > 0.0, variance, 0.0)
    return divided(pot, *shares(psi, variance, (weights,)))
