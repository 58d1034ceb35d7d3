"""Shapley values of many sellers from pairs of a coalition and its complement, with their errors.

Shapley values solve a least squares problem over all coalitions (Charnes and others, 1988), in
which all those of s among n players weigh 1/(s(n − s)) together. Sizes are drawn by that weight and
members at random, except that sellers on their own take turns. How much more a coalition is worth
than its complement is regressed on its members, with an effect for each size: what size alone
explains is no noise.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.methods.sampling.run import ends_of
from hcdv_stream.valuation.methods.utility import Utility


class SellersTruth(NamedTuple):
    """What each seller is worth, (m,), and the standard error of that, 0 if nothing was sampled."""

    values: Floats
    stderr: Floats


def sampled_shapley(game: Utility, pairs: int, generator: np.random.Generator) -> SellersTruth:
    """Estimate the Shapley values of a game's players, more than three, by so many pairs."""
    players = game.players
    sizes = _sizes(players, pairs)
    ranks = generator.random((pairs, players)).argsort(axis=1).argsort(axis=1)
    members = ranks < sizes[:, None]
    alone = int((sizes == 1).sum())
    turns = np.resize(generator.permutation(players), alone)
    members[:alone] = turns[:, None] == np.arange(players)
    worth = game(np.concatenate([members, ~members]))
    gained = worth[:pairs] - worth[pairs:]
    inside = 2.0 * _less_means(members.astype(np.float64), sizes)
    solved = np.linalg.pinv(inside)
    found = solved @ _less_means(gained[:, None], sizes)[:, 0]
    left = _less_means(gained[:, None], sizes)[:, 0] - inside @ found
    freedom = pairs - (players - 1) - len(np.unique(sizes))
    stderr = np.sqrt((solved * solved) @ (left * left) * pairs / freedom)
    ends = ends_of(game)
    return SellersTruth((ends.everybody - ends.nobody) / players + found, stderr)


def _sizes(players: int, pairs: int) -> npt.NDArray[np.int64]:
    """Return the size (pairs,) of each pair's smaller coalition, in ascending order."""
    sizes = np.arange(1, players // 2 + 1)
    weights = 1.0 / (sizes * (players - sizes))
    weights[2 * sizes == players] /= 2.0  # either half may be called the complement
    steps = (np.arange(pairs) + 0.5) / pairs
    places = np.searchsorted(np.cumsum(weights) / weights.sum(), steps)
    return sizes[np.minimum(places, len(sizes) - 1)]


def _less_means(columns: Floats, sizes: npt.NDArray[np.int64]) -> Floats:
    """Take the mean of each size from columns (pairs, c)."""
    _, groups = np.unique(sizes, return_inverse=True)
    sums = np.zeros((groups.max() + 1, columns.shape[1]))
    np.add.at(sums, groups, columns)
    means: Floats = sums / np.bincount(groups)[:, None]
    return columns - means[groups]
