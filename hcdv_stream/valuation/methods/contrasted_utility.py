"""The paper's v(S) = M(S) + λ·Δ(S) for any M: a learner's game with the contrast added.

``characteristic`` is the same for the ridge classifier alone, where both parts come from one
sketch. Δ follows from class counts and class sums, so it costs O(n·d) a coalition of examples, and
less among blocks, whose sums are taken once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.games.characteristic import Averaged
from hcdv_stream.valuation.games.contrast import contrast_sums, contrasts
from hcdv_stream.valuation.methods.blocks import Rows, among
from hcdv_stream.valuation.methods.utility import CoalitionGame, Membership, Utility

_MOST_CELLS = 1 << 22
"""Numbers held at once: bounds memory, changes no worth."""


@dataclass(frozen=True, slots=True)
class Contrasted:
    """A game with the contrast added: v = utility + λΔ.

    Parameters
    ----------
    utility : Utility
        The game of n players.
    embeddings : ndarray of float32 of shape (n, d)
        The examples, as `unit_grid` returns them.
    labels : ndarray of int16 of shape (n,)
        Their class indices.
    classes : int
        The number of classes.
    lam : float
        λ, the weight of the contrast.
    averaged : {"mean", "sum"}, default="mean"
        Whether Δ is the mean over pairs of examples or their sum.

    Examples
    --------
    >>> import numpy as np
    >>> from hcdv_stream.methods import CoalitionGame, Contrasted, unit_grid
    >>> embeddings, labels = unit_grid([[1.0], [-1.0]]), np.array([0, 1], np.int16)
    >>> nothing = CoalitionGame(2, lambda members: np.zeros(len(members)))
    >>> Contrasted(nothing, embeddings, labels, 2, 0.1)(np.ones((1, 2), bool)).tolist()
    [0.2]

    """

    utility: Utility
    embeddings: Embeddings
    labels: npt.NDArray[np.int16]
    classes: int
    lam: float
    averaged: Averaged = "mean"

    @property
    def players(self) -> int:
        return len(self.labels)

    def __call__(self, membership: Membership) -> Floats:
        return self.utility(membership) + self.lam * self._contrast(
            membership, self.labels, self._rows(np.arange(self.players))
        )

    def among(self, blocks: Sequence[Rows], context: Rows) -> CoalitionGame:
        """Return the game among blocks beside a context: see ``blocks``.

        Parameters
        ----------
        blocks : sequence of ndarray of int
            The examples of each block, which is a player.
        context : ndarray of int
            The examples that belong to every coalition.

        Returns
        -------
        CoalitionGame

        """
        inner = among(self.utility, blocks, context)
        everyone = [*blocks, context]
        rows = np.concatenate(everyone)
        own = np.repeat(np.arange(len(everyone)), [len(block) for block in everyone])
        keys = own * self.classes + self.labels[rows]
        kinds, place = np.unique(keys, return_inverse=True)
        sums = np.zeros((len(kinds), self.embeddings.shape[1] + 1))
        np.add.at(sums, place, self._rows(rows))
        block_of, label_of = np.divmod(kinds, self.classes)

        def worth(membership: Membership) -> Floats:
            always = np.ones((len(membership), 1), np.bool_)
            members = np.concatenate([membership, always], axis=1)[:, block_of]
            return inner(membership) + self.lam * self._contrast(members, label_of, sums)

        return CoalitionGame(len(blocks), worth)

    def _rows(self, rows: Rows) -> Floats:
        """Each example's count, 1, and u: (m, 1 + d)."""
        ones = np.ones((len(rows), 1))
        return np.concatenate([ones, self.embeddings[rows].astype(np.float64)], axis=1)

    def _contrast(
        self, members: Membership, labels: npt.NDArray[np.integer], rows: Floats
    ) -> Floats:
        """Δ of P coalitions of things with a label and a sum each: (P, m), (m,), (m, 1 + d)."""
        dispersion: Callable[[Floats, Floats], Floats] = (
            contrasts if self.averaged == "mean" else contrast_sums
        )
        step = max(1, _MOST_CELLS // max(len(rows), self.classes * rows.shape[1]))
        found = np.empty(len(members))
        for start in range(0, len(members), step):
            some = members[start : start + step].astype(np.float64)
            sums = np.stack(
                [some[:, labels == c] @ rows[labels == c] for c in range(self.classes)], axis=1
            )
            found[start : start + step] = dispersion(sums[:, :, 0], sums[:, :, 1:])
        return found
