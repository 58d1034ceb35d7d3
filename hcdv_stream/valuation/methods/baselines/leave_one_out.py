"""Leave-one-out: what everybody loses without a player, v(N) − v(N∖i). n + 1 evaluations, exact."""

import numpy as np

from hcdv_stream.valuation.methods.sampling.run import Estimate
from hcdv_stream.valuation.methods.utility import Utility

_MOST_CELLS = 1 << 24
"""Memberships spelt out at once: bounds memory, changes no value."""


def leave_one_out(utility: Utility) -> Estimate:
    """Return what all the others lose without each player.

    Parameters
    ----------
    utility : Utility
        The game of n players, asked n + 1 times.

    Returns
    -------
    Estimate
        Exact values of shape (n,).

    Examples
    --------
    >>> from hcdv_stream.methods import CoalitionGame, leave_one_out
    >>> game = CoalitionGame(3, lambda members: members @ [1.0, 2.0, 4.0])
    >>> leave_one_out(game).values.tolist()
    [1.0, 2.0, 4.0]

    """
    players = utility.players
    everybody = utility(np.ones((1, players), np.bool_))[0]
    step = max(1, _MOST_CELLS // max(players, 1))
    values = np.empty(players)
    for start in range(0, players, step):
        left_out = np.arange(start, min(start + step, players))
        members = np.ones((len(left_out), players), np.bool_)
        members[np.arange(len(left_out)), left_out] = False
        values[left_out] = everybody - utility(members)
    return Estimate.exact("loo", values, players + 1)
