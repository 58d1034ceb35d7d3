"""Group Shapley (GS): a game among given groups of examples, by label, by cluster or by provider.

Exact up to ten groups, by permutations in antithetic pairs above. An example gets an equal share of
its group's value, so nothing tells the members of a group apart. What the streaming comparison
calls GS-FULL is this, played again from scratch after every update.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.games.permutations import MOST_ENUMERATED
from hcdv_stream.valuation.methods.blocks import among
from hcdv_stream.valuation.methods.sampling.permutation import PermutationSampler
from hcdv_stream.valuation.methods.sampling.run import Estimate, ends_of, run
from hcdv_stream.valuation.methods.sampling.stopping import Criterion
from hcdv_stream.valuation.methods.semivalues import exact
from hcdv_stream.valuation.methods.utility import Utility

Groups = npt.NDArray[np.int64]


def sizes_of(groups: Groups, players: int) -> Groups:
    """Return how many of ``players`` each group has; ``groups`` (n,) names each one's group.

    Raises ValueError unless every player has a group and every group from 0 up a player.
    """
    if len(groups) != players:
        raise ValueError(f"groups must name one for each of {players} examples, got {len(groups)}")
    sizes = np.bincount(np.maximum(groups, 0))
    if not players or groups.min() < 0 or not sizes.all():
        raise ValueError("groups must use every number from 0 to their highest")
    return sizes.astype(np.int64)


def group_shapley(
    utility: Utility,
    groups: Groups,
    until: Criterion,
    *,
    seed: int = 0,
    clock: Callable[[], float] | None = None,
    resume: Estimate | None = None,
) -> Estimate:
    """Return the Shapley values of groups of players.

    Parameters
    ----------
    utility : Utility
        The game of n players.
    groups : ndarray of int64 of shape (n,)
        The group of each player, from 0 to G - 1.
    until : Criterion
        When sampling ends, if more than ten groups are too many to enumerate.
    seed : int, default=0
        Decides the orders.
    clock : callable, optional
        Returns seconds, for a criterion that counts them.
    resume : Estimate, optional
        An estimate to go on from.

    Returns
    -------
    Estimate
        With values of shape (G,).

    Raises
    ------
    ValueError
        If ``groups`` has another length, or leaves out a number.

    Examples
    --------
    >>> import numpy as np
    >>> from hcdv_stream.methods import CoalitionGame, Rounds, group_shapley
    >>> game = CoalitionGame(3, lambda members: members @ [1.0, 2.0, 4.0])
    >>> group_shapley(game, np.array([0, 0, 1]), Rounds(1)).values.tolist()
    [3.0, 4.0]

    """
    sizes = sizes_of(groups, utility.players)
    blocks = np.split(np.argsort(groups, kind="stable"), np.cumsum(sizes)[:-1])
    game = among(utility, blocks)
    if game.players <= MOST_ENUMERATED:
        ends = ends_of(game)
        return Estimate.exact("group", exact(game), 2**game.players + 2, ends=ends)
    sampler = PermutationSampler("group", pairs=True)
    return run(sampler, game, until, seed=seed, clock=clock, resume=resume)


def shared(estimate: Estimate, groups: Groups) -> Estimate:
    """Split the groups' values equally among their examples: an estimate of (n,)."""
    sizes = np.bincount(groups)
    return replace(
        estimate,
        values=(estimate.values / sizes)[groups],
        stderr=(estimate.stderr / sizes)[groups],
        counts=estimate.counts[groups],
        tally=None,
        history=(),
    )
