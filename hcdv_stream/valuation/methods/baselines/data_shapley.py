"""Shapley, Beta-Shapley and Banzhaf values of the points of any game, by sampling.

TMC is Data Shapley by truncated Monte-Carlo (MCDS; Ghorbani and Zou 2019), Beta-Shapley weighs the
same marginals by size (Kwon and Zou 2022), Banzhaf reuses every coalition (Wang and Jia 2023).
"""

from hcdv_stream.valuation.methods.sampling.permutation import PermutationSampler
from hcdv_stream.valuation.methods.sampling.reuse import ReuseSampler
from hcdv_stream.valuation.methods.semivalues import beta_sizes

TRUNCATION = 0.01
"""How close to v(N) a prefix ends its order, unless told otherwise: one point of accuracy."""


def tmc(truncation: float | None = TRUNCATION, batch: int = 4) -> PermutationSampler:
    """Return the sampler of truncated Monte-Carlo Data Shapley."""
    return PermutationSampler("tmc", truncation=truncation, batch=batch)


def beta_shapley(
    alpha: float = 16.0, beta: float = 1.0, truncation: float | None = None, batch: int = 4
) -> PermutationSampler:
    """Return the sampler of Beta(α, β)-Shapley; the paper's favourite (16, 1) likes small sets."""
    law = beta_sizes(alpha, beta)
    settings = {"alpha": alpha, "beta": beta}
    return PermutationSampler("beta-shapley", law, truncation, batch, settings=settings)


def banzhaf(batch: int = 100) -> ReuseSampler:
    """Return the sampler of Data Banzhaf."""
    return ReuseSampler("banzhaf", batch)
