"""DU-Shapley: what a data set adds to random piles of the others' examples, of every size.

Garrido-Lucero, Heymann, Vono, Loiseau and Perchet, "DU-Shapley: A Shapley Value Proxy for Efficient
Dataset Valuation", NeurIPS 2024. With I owners and μ the mean number of examples of the owners
other than i, the value of i is the mean over k = 0 … I − 1 of u(D_i ∪ R_k) − u(R_k), where R_k is
k·μ examples drawn at random from all that the others own. It needs I sizes instead of 2^I
coalitions, and equals the Shapley value where owners are of one size and u depends on the number of
examples alone; with one example an owner it is the Shapley value sampled size by size. A round
draws every R_k once for every owner: 2·I² evaluations.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.methods.sampling.run import Ends, Parameter
from hcdv_stream.valuation.methods.sampling.tally import Tally
from hcdv_stream.valuation.methods.utility import Utility


@dataclass(frozen=True)
class UniformSizeSampler:
    """``owners`` (n,) says who owns each player of the game, 0 to I − 1, each at least one."""

    owners: npt.NDArray[np.int64]
    name: str = "du-shapley"

    def __post_init__(self) -> None:
        if not len(self.owners) or not np.bincount(self.owners).all():
            raise ValueError("every owner from 0 to the highest must own at least one example")

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        return {"owners": len(np.bincount(self.owners))}

    @property
    def arms(self) -> int:
        return 1

    def players(self, utility: Utility) -> int:
        if len(self.owners) != utility.players:
            raise ValueError(
                f"owners must name one for each of {utility.players} examples, "
                f"got {len(self.owners)}"
            )
        return len(np.bincount(self.owners))

    def round(
        self, utility: Utility, ends: Ends, generator: np.random.Generator
    ) -> tuple[Tally, int]:
        """Ask for every owner's piles, without and with its examples."""
        owners = self.players(utility)
        terms = np.empty(owners)
        for owner in range(owners):
            own = self.owners == owner
            piles = self._piles(np.flatnonzero(~own), owners, generator)
            worth = utility(np.concatenate([piles | own, piles]))
            terms[owner] = (worth[:owners] - worth[owners:]).mean()
        return Tally.of_terms(terms[None]), 2 * owners * owners

    def _piles(
        self, others: npt.NDArray[np.intp], owners: int, generator: np.random.Generator
    ) -> npt.NDArray[np.bool_]:
        """Return R_0 … R_{I−1}, (I, n)."""
        ranks = np.argsort(np.argsort(generator.random((owners, len(others))), axis=1), axis=1)
        mean = len(others) / max(owners - 1, 1)
        sizes = np.rint(np.arange(owners) * mean)
        piles = np.zeros((owners, len(self.owners)), np.bool_)
        piles[:, others] = ranks < sizes[:, None]
        return piles
