"""The k-nearest-neighbour utility and its exact Shapley values, in integers.

For one evaluator e and the players of its leaf, sorted by distance, let m_j say whether the j-th
nearest carries e's label. The utility of a coalition is the number of matches among its k nearest
over k, missing neighbours counting 0. Jia et al. (2019, Theorem 1) give its Shapley values by a
recursion from the farthest player, s_j − s_{j+1} = (m_j − m_{j+1}) · min(k, j) / (k j), which is a
cumulative sum read backwards: O(m log m) for the sort, no sampling.

A player that must not count (the evaluator itself, its own provider, padding) is treated as a
farthest one with another label, which changes nobody else's value. Fixed-example weights make every
sum exact, so batches and padding cannot change a bit.
"""

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.embedding.grid import FRACTION_BITS
from hcdv_stream.valuation.tree.sketch import SQUARE_BITS, UTILITY_BITS, Counts

_POSITION_BITS = 13
MOST_PLAYERS = 2**_POSITION_BITS
"""Players that fit into a sort key beside distance and match."""

_WIDE_POSITION_BITS = 16

EXCLUDED = -2.0
"""A cosine that stands for a player that does not count: farther than any real one."""


def sorted_keys(
    cosines: npt.NDArray[np.float64], matches: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Sort each evaluator's players by distance, ties by position.

    Both arguments are (evaluators, players); ``cosines`` are exact (see ``embedding``) or
    EXCLUDED. The result packs distance, position and match into one integer: see ``positions``.
    """
    _check_players(cosines.shape[1])
    keys: npt.NDArray[np.int64] = np.ldexp(1.0 - cosines, 2 * FRACTION_BITS).astype(np.int64)
    keys *= 1 << (_POSITION_BITS + 1)
    return _packed(keys, matches)


def nearest_first(cosines: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """Return each evaluator's players by distance, ties by position, both (evaluators, players).

    For exact ``cosines`` and any number of players; up to 65,536 their position fits below the
    distance in one integer, which sorts six times as fast.
    """
    players = cosines.shape[1]
    if players > 1 << _WIDE_POSITION_BITS:
        return np.argsort(-cosines, axis=1, kind="stable")
    # From 2, not from 1: rounded unit vectors may have a cosine slightly above 1.
    keys = np.ldexp(2.0 - cosines, 2 * FRACTION_BITS).astype(np.uint64)
    keys <<= np.uint64(_WIDE_POSITION_BITS)
    keys |= np.arange(players, dtype=np.uint64)
    keys.sort(axis=1)
    return (keys & np.uint64((1 << _WIDE_POSITION_BITS) - 1)).astype(np.intp)


def distance_keys(
    distances: npt.NDArray[np.float64], matches: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Sort and pack as ``sorted_keys`` by any distances of at least 0.

    The bits of a float that is not negative sort as it does; the lowest make room for position and
    match, so distances that agree to one part in 2^38 are ties.
    """
    _check_players(distances.shape[1])
    keys = np.abs(distances).view(np.int64)
    keys &= -(1 << (_POSITION_BITS + 1))
    return _packed(keys, matches)


def _check_players(players: int) -> None:
    if players > MOST_PLAYERS:
        raise ValueError(f"a leaf may hold at most {MOST_PLAYERS} players, got {players}")


def _packed(keys: npt.NDArray[np.int64], matches: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    keys += 2 * np.arange(keys.shape[1], dtype=np.int64)
    keys += matches.astype(np.int64)
    keys.sort(axis=1)
    return keys


def positions(keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Which player stands at each rank."""
    places: npt.NDArray[np.int64] = (keys >> 1) & (MOST_PLAYERS - 1)
    return places


def shapley_by_rank(keys: npt.NDArray[np.int64], neighbours: int) -> Counts:
    """Exact Shapley values (UTILITY_BITS) of every evaluator's game, by rank of distance."""
    ranks = np.arange(1, keys.shape[1] + 1)
    weights = np.rint(np.ldexp(np.minimum(neighbours, ranks) / (neighbours * ranks), UTILITY_BITS))
    steps = keys & 1
    steps[:, :-1] -= steps[:, 1:].copy()
    steps *= weights.astype(np.int64)
    backwards = steps[:, ::-1]
    np.cumsum(backwards, axis=1, out=backwards)
    return steps


def utilities(keys: npt.NDArray[np.int64], neighbours: int) -> Counts:
    """u_e(D) of every evaluator (UTILITY_BITS), counted apart from the Shapley values."""
    unit = round(2**UTILITY_BITS / neighbours)
    matched: Counts = (keys[:, :neighbours] & 1).sum(axis=1) * unit
    return matched


def by_player(values: Counts, keys: npt.NDArray[np.int64]) -> Counts:
    """Bring values by rank back into the players' own order."""
    result = np.empty_like(values)
    np.put_along_axis(result, positions(keys), values, axis=1)
    return result


def squared(values: Counts) -> Counts:
    """Squares (SQUARE_BITS) of values in UTILITY_BITS, without leaving 64 bits."""
    half = values >> (UTILITY_BITS - SQUARE_BITS // 2)
    return half * half
