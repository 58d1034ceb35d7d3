"""Leave-one-out: what everybody loses without a player, v(N) − v(N∖i). n + 1 evaluations, exact."""

import numpy as np

from hcdv_stream.valuation.sampling.run import Estimate
from hcdv_stream.valuation.utility import Utility


def leave_one_out(utility: Utility) -> Estimate:
    """Return what each player is worth to all the others, (n,)."""
    players = utility.players
    everybody = np.ones((1, players), np.bool_)
    worth = utility(np.concatenate([~np.eye(players, dtype=np.bool_), everybody]))
    return Estimate.exact("loo", worth[-1] - worth[:-1], players + 1)
