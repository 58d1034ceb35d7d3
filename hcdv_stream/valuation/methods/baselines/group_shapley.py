"""Group Shapley (GS): a game among given groups of points, by label, by cluster or by provider.

Exact up to ten groups, by permutations in antithetic pairs above. A point gets an equal share of
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
        raise ValueError(f"groups must name one for each of {players} points, got {len(groups)}")
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
    """Return the values of the G groups, (G,); ``groups`` (n,) names each point's.

    ``until`` ends the sampling where there are more groups than can be enumerated.
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
    """Split the groups' values equally among their points: an estimate of (n,)."""
    sizes = np.bincount(groups)
    return replace(
        estimate,
        values=(estimate.values / sizes)[groups],
        stderr=(estimate.stderr / sizes)[groups],
        counts=estimate.counts[groups],
        tally=None,
        history=(),
    )
