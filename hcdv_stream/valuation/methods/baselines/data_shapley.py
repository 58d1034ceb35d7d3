"""Shapley, Beta-Shapley and Banzhaf values of the examples of any game, by sampling.

TMC is Data Shapley by truncated Monte-Carlo (MCDS; Ghorbani and Zou 2019), Beta-Shapley weighs the
same marginals by size (Kwon and Zou 2022), Banzhaf reuses every coalition (Wang and Jia 2023).
"""

from hcdv_stream.valuation.methods.sampling.permutation import PermutationSampler
from hcdv_stream.valuation.methods.sampling.reuse import ReuseSampler
from hcdv_stream.valuation.methods.semivalues import beta_sizes

TRUNCATION = 0.01
"""How close to v(N) a prefix ends its order, unless told otherwise: one point of accuracy."""


def tmc(truncation: float | None = TRUNCATION, batch: int = 4) -> PermutationSampler:
    """Return the sampler of truncated Monte-Carlo Data Shapley.

    Parameters
    ----------
    truncation : float or None, default=0.01
        An order ends once its prefix is worth within this of everybody. None never ends one.
    batch : int, default=4
        Orders that make a round.

    Returns
    -------
    PermutationSampler

    Examples
    --------
    >>> from hcdv_stream.methods import CoalitionGame, Rounds, tmc, run
    >>> game = CoalitionGame(3, lambda members: members @ [1.0, 2.0, 4.0])
    >>> run(tmc(), game, Rounds(1)).values.tolist()
    [1.0, 2.0, 4.0]

    """
    return PermutationSampler("tmc", truncation=truncation, batch=batch)


def beta_shapley(
    alpha: float = 16.0, beta: float = 1.0, truncation: float | None = None, batch: int = 4
) -> PermutationSampler:
    """Return the sampler of Beta(α, β)-Shapley.

    Parameters
    ----------
    alpha, beta : float, default=16.0 and 1.0
        α above β weighs small coalitions more, as the paper prefers. (1, 1) is Shapley's.
    truncation : float or None, default=None
        An order ends once its prefix is worth within this of everybody. None never ends one.
    batch : int, default=4
        Orders that make a round.

    Returns
    -------
    PermutationSampler

    Examples
    --------
    >>> from hcdv_stream.methods import CoalitionGame, Rounds, beta_shapley, run
    >>> game = CoalitionGame(3, lambda members: members @ [1.0, 2.0, 4.0])
    >>> run(beta_shapley(1.0, 1.0), game, Rounds(1)).values.round(9).tolist()
    [1.0, 2.0, 4.0]

    """
    law = beta_sizes(alpha, beta)
    settings = {"alpha": alpha, "beta": beta}
    return PermutationSampler("beta-shapley", law, truncation, batch, settings=settings)


def banzhaf(batch: int = 100) -> ReuseSampler:
    """Return the sampler of Data Banzhaf.

    Parameters
    ----------
    batch : int, default=100
        Coalitions that make a round.

    Returns
    -------
    ReuseSampler

    Examples
    --------
    >>> from hcdv_stream.methods import CoalitionGame, Rounds, banzhaf, run
    >>> game = CoalitionGame(3, lambda members: members @ [1.0, 2.0, 4.0])
    >>> bool(abs(run(banzhaf(), game, Rounds(9)).values - [1.0, 2.0, 4.0]).max() < 0.5)
    True

    """
    return ReuseSampler("banzhaf", batch)
