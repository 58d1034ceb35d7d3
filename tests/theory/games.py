"""Small games and what theory says of them, by enumeration."""

from collections.abc import Callable, Iterator
from itertools import permutations

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.methods.levels import Levels
from hcdv_stream.valuation.methods.utility import CoalitionGame, Membership


def table_game(players: int, worth: Floats) -> CoalitionGame:
    """A game from the worth of all 2^n coalitions, bit i of the row saying whether i is in."""
    bits = 1 << np.arange(players)

    def look_up(membership: Membership) -> Floats:
        return worth[membership.astype(np.int64) @ bits]

    return CoalitionGame(players, look_up)


def random_game(players: int, seed: int, bound: float = 1.0) -> CoalitionGame:
    """|v(S)| <= bound, v(∅) included; growing with |S| on average, as learning curves do."""
    generator = np.random.default_rng(seed)
    subsets = np.arange(2**players)
    trend = np.bitwise_count(subsets) / players
    return table_game(players, bound * (trend + generator.uniform(-1, 1, len(subsets))) / 2)


def learning_curve(players: int, seed: int) -> CoalitionGame:
    """A concave curve of |S|, with noise that falls as the models grow."""
    generator = np.random.default_rng(seed)
    sizes = np.maximum(np.bitwise_count(np.arange(2**players)), 1)
    worth = 1.0 - 0.5 / sizes + 0.2 * generator.normal(size=len(sizes)) / sizes
    worth[0] = 0.0
    return table_game(players, worth)


def summed(first: CoalitionGame, second: CoalitionGame) -> CoalitionGame:
    return CoalitionGame(first.players, lambda membership: first(membership) + second(membership))


def ends(game: CoalitionGame) -> tuple[float, float]:
    """v(∅) and v(N)."""
    rows = np.array([[False] * game.players, [True] * game.players])
    nobody, everybody = game(rows).tolist()
    return nobody, everybody


def shapley(game: CoalitionGame) -> Floats:
    """Average marginal contributions over all n! orders."""
    return _mean_marginals(game, permutations(range(game.players)))


def winter(game: CoalitionGame, levels: Levels) -> Floats:
    """The same over the orders that interrupt no coalition of any level."""
    return _mean_marginals(game, consistent(levels))


def consistent(levels: Levels) -> Iterator[tuple[int, ...]]:
    """Orders in which every coalition is contiguous."""
    rows = [levels.coalitions(level) for level in range(levels.depth + 1)]
    yield from (order for order in permutations(range(levels.examples)) if _whole(order, rows))


def _whole(order: tuple[int, ...], rows: list[npt.NDArray[np.int64]]) -> bool:
    for row in rows:
        met = row[list(order)]
        if np.count_nonzero(np.diff(met)) + 1 != len(np.unique(met)):
            return False
    return True


def _mean_marginals(game: CoalitionGame, orders: Iterator[tuple[int, ...]]) -> Floats:
    everyone = np.arange(2**game.players)
    worth = game((everyone[:, None] >> np.arange(game.players) & 1).astype(np.bool_))
    total, count = np.zeros(game.players), 0
    for order in orders:
        before = 0
        for player in order:
            total[player] += worth[before | 1 << player] - worth[before]
            before |= 1 << player
        count += 1
    return total / count


def empirical(estimate: Callable[[int], Floats], runs: int) -> Floats:
    """Stack ``runs`` independent estimates, (runs, K)."""
    return np.stack([estimate(seed) for seed in range(runs)])
