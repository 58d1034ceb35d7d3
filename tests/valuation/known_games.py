"""Games whose values are published in closed form, at any size."""

from math import comb

import numpy as np

from hcdv_stream.valuation.methods.utility import CoalitionGame


def voting(players):
    """A majority wins: Shapley 1/n each (Castro et al. 2009, "symmetric voting")."""
    return CoalitionGame(
        players, lambda membership: (membership.sum(axis=1) > players / 2).astype(float)
    )


def voting_shapley(players):
    return np.full(players, 1.0 / players)


def voting_banzhaf(players):
    """Pivotal where exactly half of the others and nobody more is in."""
    return np.full(players, comb(players - 1, players // 2) / 2 ** (players - 1))


def shoes(players):
    """A pair is worth 1, even places own left shoes, odd ones right: ½ each (Castro et al.)."""

    def worth(membership):
        return np.minimum(membership[:, ::2].sum(axis=1), membership[:, 1::2].sum(axis=1)) * 1.0

    return CoalitionGame(players, worth)


def shoes_shapley(players):
    return np.full(players, 0.5)


def airport(players):
    """A coalition costs what its longest runway does; player i needs 1 + ⌊√i⌋ (Littlechild)."""
    costs = airport_costs(players)
    return CoalitionGame(players, lambda membership: (membership * costs).max(axis=1, initial=0.0))


def airport_costs(players):
    return 1.0 + np.floor(np.sqrt(np.arange(players)))


def airport_shapley(players):
    """Each piece of runway is shared equally by those who need it."""
    steps = np.diff(airport_costs(players), prepend=0.0)
    return np.cumsum(steps / (players - np.arange(players)))


def airport_banzhaf(players):
    """A piece of runway is paid by whoever needs it and finds nobody else there who does."""
    steps = np.diff(airport_costs(players), prepend=0.0)
    return np.cumsum(steps / 2.0 ** (players - 1 - np.arange(players)))


def random_game(players, seed):
    """A worth drawn at random for every coalition, the empty one included."""
    worth = np.random.default_rng(seed).normal(size=2**players)
    powers = 2 ** np.arange(players)
    return CoalitionGame(players, lambda membership: worth[membership @ powers])
