"""A game among blocks of another game's players: v'(S) = v(context ∪ the blocks in S).

Players in no block and not in the context stay out. A utility that can merge players faster than by
naming all of them (``RidgeGame``) has ``among``; any other is asked in the terms of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.methods.utility import Membership, Utility

Rows = npt.NDArray[np.int64]

_MOST_CELLS = 1 << 23
"""Memberships spelt out at once: bounds memory, changes no worth."""


@runtime_checkable
class Mergeable(Protocol):
    """A utility that plays the game among blocks itself."""

    def among(self, blocks: Sequence[Rows], context: Rows) -> Utility:
        """Return the game whose players are disjoint blocks of players, beside a context."""


def among(utility: Utility, blocks: Sequence[Rows], context: Rows | None = None) -> Utility:
    """Return the game among disjoint blocks of players (m_b,), with a context always there."""
    always = np.zeros(0, np.int64) if context is None else context
    if isinstance(utility, Mergeable):
        return utility.among(blocks, always)
    return Spelt(utility, blocks, always)


def examples(rows: Rows) -> list[Rows]:
    """Every row a block of its own."""
    return list(rows[:, None])


@dataclass(frozen=True, slots=True)
class Spelt:
    """The game among blocks, asked coalition by coalition of the inner players."""

    utility: Utility
    blocks: Sequence[Rows]
    context: Rows

    @property
    def players(self) -> int:
        return len(self.blocks)

    def __call__(self, membership: Membership) -> Floats:
        rows = np.concatenate([*self.blocks, self.context])
        sizes = [len(block) for block in self.blocks]
        step = max(1, _MOST_CELLS // max(self.utility.players, 1))
        worth = np.empty(len(membership))
        for start in range(0, len(membership), step):
            chosen = membership[start : start + step]
            spelt = np.zeros((len(chosen), self.utility.players), np.bool_)
            inside = np.repeat(chosen, sizes, axis=1)
            always = np.ones((len(chosen), len(self.context)), np.bool_)
            spelt[:, rows] = np.concatenate([inside, always], axis=1)
            worth[start : start + step] = self.utility(spelt)
        return worth
