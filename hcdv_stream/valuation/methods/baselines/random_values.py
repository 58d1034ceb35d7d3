"""RANDOM: values that know nothing, the floor of every comparison."""

import numpy as np

from hcdv_stream.valuation.methods.sampling.run import Estimate


def chance(players: int, seed: int) -> Estimate:
    """Return uniform numbers in [0, 1), (n,)."""
    values = np.random.default_rng(seed).random(players)
    zeros = np.zeros(players)
    return Estimate("random", values, zeros, np.zeros(players, np.int64), 0, seed=seed)
