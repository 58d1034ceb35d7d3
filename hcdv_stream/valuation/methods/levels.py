"""A hierarchy of coalitions over a fixed corpus: C_0 = {D}, C_1, …, C_L, each refining the last.

The batch methods (``printed``, ``owen``) see a tree as this. The paper cuts level ℓ by balanced
k-means "with k = K_ℓ at depth ℓ" (Eq. 11), and also calls K_ℓ the number of coalitions |C_ℓ|. The
two agree at level 1 only, so what K_ℓ counts is an option.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from hcdv_stream.valuation.embedding.grid import Embeddings
from hcdv_stream.valuation.state import EngineState
from hcdv_stream.valuation.tree.bisection import bisect
from hcdv_stream.valuation.tree.navigation import path_up

Integers = npt.NDArray[np.int64]

Counted = Literal["per-parent", "total"]
"""What K_ℓ counts: the children of each coalition of level ℓ − 1, or all coalitions of level ℓ."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Which coalition each of n examples belongs to at each of L levels.

    Parameters
    ----------
    assignment : ndarray of int64 of shape (L, n)
        The numbers 0 to K - 1 of a level's K coalitions, each used. L may be 0. Level 0, all of D,
        is not among them.

    Raises
    ------
    ValueError
        If a level does not refine the one above, or leaves out a number.

    Examples
    --------
    >>> import numpy as np
    >>> from hcdv_stream.methods import Levels
    >>> levels = Levels(np.array([[0, 0, 1], [0, 1, 2]]))
    >>> levels.described, levels.size(2), levels.parents(2).tolist()
    ('1/2/3', 3, [0, 0, 1])

    """

    assignment: Integers

    def __post_init__(self) -> None:
        for level in range(1, self.depth + 1):
            numbers, above = self.coalitions(level), self.coalitions(level - 1)
            if not np.array_equal(np.unique(numbers), np.arange(self.size(level))):
                raise ValueError(f"level {level} must use every number from 0 to its highest")
            if not np.array_equal(self.parents(level)[numbers], above):
                raise ValueError(f"level {level} must refine level {level - 1}")

    @classmethod
    def nested(cls, labels: Sequence[npt.ArrayLike]) -> "Levels":
        """Number the coalitions of each level anew, in the order of their labels; see the class."""
        rows = [np.unique(np.asarray(row), return_inverse=True)[1] for row in labels]
        return cls(np.array(rows, dtype=np.int64).reshape(len(rows), -1))

    @property
    def examples(self) -> int:
        """How many examples there are, n."""
        return int(self.assignment.shape[1])

    @property
    def depth(self) -> int:
        """How many levels there are below D, L."""
        return len(self.assignment)

    @property
    def described(self) -> str:
        """The number of coalitions of every level from D down, as ``1/16/256``."""
        return "/".join(str(self.size(level)) for level in range(self.depth + 1))

    def checked(self, players: int) -> int:
        """Return the number of a game's players.

        Parameters
        ----------
        players : int
            How many players a game has.

        Returns
        -------
        int
            The same number.

        Raises
        ------
        ValueError
            If there are more or fewer examples.

        """
        if players != self.examples:
            raise ValueError(f"the game has {players} players, the levels {self.examples}")
        return players

    def coalitions(self, level: int) -> Integers:
        """Return the coalition of every example at a level.

        Parameters
        ----------
        level : int
            From 0, which is D, to the depth.

        Returns
        -------
        ndarray of int64 of shape (n,)

        """
        if level == 0:
            return np.zeros(self.examples, np.int64)
        numbers: Integers = self.assignment[level - 1]
        return numbers

    def size(self, level: int) -> int:
        """Return K_ℓ, the number of coalitions of a level.

        Parameters
        ----------
        level : int
            From 0, which is D, to the depth.

        Returns
        -------
        int

        """
        return int(self.coalitions(level).max(initial=-1)) + 1

    def parents(self, level: int) -> Integers:
        """Return the parent in the level above of every coalition of a level.

        Parameters
        ----------
        level : int
            From 1 to the depth.

        Returns
        -------
        ndarray of int64 of shape (K,)

        """
        parents = np.zeros(self.size(level), np.int64)
        parents[self.coalitions(level)] = self.coalitions(level - 1)
        return parents

    def members(self, level: int) -> list[Integers]:
        """Return the examples of every coalition of a level, ascending.

        Parameters
        ----------
        level : int
            From 0, which is D, to the depth.

        Returns
        -------
        list of ndarray of int64

        """
        return groups(self.coalitions(level))


def groups(numbers: Integers) -> list[Integers]:
    """Return the positions of each number from 0 to the highest, ascending."""
    order = np.argsort(numbers, kind="stable")
    bounds = np.cumsum(np.bincount(numbers))[:-1]
    return np.split(order, bounds) if len(numbers) else []


def build_levels(
    embeddings: Embeddings, counts: Sequence[int], counted: Counted = "per-parent"
) -> Levels:
    """Cut embeddings into a hierarchy of coalitions.

    Bisects the largest part until there are enough (``bisection`` says why this and not
    constrained k-means). If examples run out, there are fewer.

    Parameters
    ----------
    embeddings : ndarray of float32 of shape (n, d)
        The examples, as `unit_grid` returns them.
    counts : sequence of int
        K_1, ..., K_L: how many coalitions each level has, at least 1.
    counted : {"per-parent", "total"}, default="per-parent"
        Whether K counts the children of each coalition or all coalitions of the level.

    Returns
    -------
    Levels

    Raises
    ------
    ValueError
        If a K is below 1.

    Examples
    --------
    >>> import numpy as np
    >>> from hcdv_stream.methods import build_levels, unit_grid
    >>> embeddings = unit_grid(np.random.default_rng(0).normal(size=(20, 3)))
    >>> build_levels(embeddings, (2, 3)).described
    '1/2/6'

    """
    if not isinstance(counts, Sequence | np.ndarray) or min(counts, default=1) < 1:
        raise ValueError(f"every K must be at least 1 in a sequence, got {counts!r}")
    if counted not in get_args(Counted):
        raise ValueError(f"counted must be one of {', '.join(get_args(Counted))}, got {counted!r}")
    parts = [np.arange(len(embeddings))]
    assignment = np.zeros((len(counts), len(embeddings)), np.int64)
    for level, count in enumerate(counts):
        if counted == "total":
            parts = split(embeddings, parts, count)
        else:
            parts = [part for whole in parts for part in split(embeddings, [whole], count)]
        for number, rows in enumerate(parts):
            assignment[level, rows] = number
    return Levels(assignment)


def split(embeddings: Embeddings, parts: list[Integers], count: int) -> list[Integers]:
    """Bisect the largest of some parts, ties to the first, until there are ``count``."""
    parts = list(parts)
    while len(parts) < count:
        largest = max(range(len(parts)), key=lambda place: len(parts[place]))
        rows = parts[largest]
        if len(rows) < 2:
            break
        second = bisect(embeddings[rows])
        parts[largest : largest + 1] = [rows[~second], rows[second]]
    return parts


def levels_of(state: EngineState) -> Levels:
    """Return an engine's tree, examples in the order of ``Corpus``; empty leaves are left out."""
    labels = []
    for leaf in (state.leaves[number] for number in sorted(state.leaves)):
        path = [leaf.id, *path_up(state.nodes, leaf.parent)]
        labels += [path[-2::-1]] * len(leaf.examples)
    depth = state.nodes[state.header.root].height
    return Levels.nested(list(np.array(labels, dtype=np.int64).reshape(-1, depth).T))
