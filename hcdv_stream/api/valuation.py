"""The values of all partitions as one corpus.

A partition is a coalition of the whole: with n_p of n points, v(D) = Σ_p (n_p/n)·v_p(D_p), a sum of
games without common players. A point's value in the whole is therefore n_p/n times its value in its
partition, and so are its standard error and every coalition's value. Sums over points are correctly
rounded (``math.fsum``), so they do not depend on how the points are spread or ordered.
"""

import math
from collections.abc import Sequence
from functools import cached_property
from threading import Lock
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hcdv_stream.api.partition_view import Found, PartitionView
from hcdv_stream.valuation.leaf import Leaf, Node
from hcdv_stream.valuation.readings import Values, Worth
from hcdv_stream.valuation.weights import Weights

Floats = npt.NDArray[np.float64]


class Payout(NamedTuple):
    """What a provider's points are worth together."""

    provider: str | None
    points: int
    value: float
    error: float


class Ranked(NamedTuple):
    """A point and its place, from 1 for the highest value."""

    rank: int
    partition: PartitionView
    id: str
    worth: Worth


class Valuation:
    """Values under one choice of weights; columns are computed once, when first asked for.

    Raises ValueError where the weights fit neither the classes nor the game.
    """

    def __init__(self, partitions: Sequence[PartitionView], weights: Weights | None) -> None:
        self.weights = weights
        self._partitions = partitions
        self._readings = [partition.corpus.reading(weights) for partition in partitions]
        size = sum(partition.size for partition in partitions)
        self._shares = [partition.size / max(size, 1) for partition in partitions]
        self._place = {part.number: place for place, part in enumerate(partitions)}
        self._columns: list[Values] | None = None
        self._lock = Lock()

    def share(self, partition: PartitionView) -> float:
        """Return n_p/n."""
        return self._shares[self._place[partition.number]]

    def point(self, partition: PartitionView, found: Found) -> Worth:
        """Value and standard error of one point, from its leaf alone."""
        place = self._place[partition.number]
        values, share = self._readings[place].leaf(found.leaf), self._shares[place]
        return Worth(share * float(values.value[found.row]), share * float(values.error[found.row]))

    def coalition(self, partition: PartitionView, coalition: Leaf | Node) -> Worth:
        """Value and standard error of a leaf or node."""
        place = self._place[partition.number]
        worth, share = self._readings[place].coalition(coalition), self._shares[place]
        return Worth(share * worth.value, share * worth.error)

    def columns(self) -> list[Values]:
        """Values and standard errors of all points, by partition, in its corpus's order."""
        with self._lock:  # the first of many requests computes, the others wait for it
            if self._columns is None:
                self._columns = [
                    Values(share * values.value, share * values.error)
                    for share, values in zip(
                        self._shares, (reading.points() for reading in self._readings), strict=True
                    )
                ]
            return self._columns

    @cached_property
    def value(self) -> float:
        """Σ φ over all points."""
        return math.fsum(value for column in self.columns() for value in column.value.tolist())

    @cached_property
    def total(self) -> float:
        """v(D) − v(∅), reached without any Shapley value."""
        return math.fsum(
            share * reading.total()
            for share, reading in zip(self._shares, self._readings, strict=True)
        )

    @property
    def residual(self) -> float:
        """|Σ φ − (v(D) − v(∅))|."""
        return abs(self.value - self.total)

    def rank(self, partition: PartitionView, name: str, value: float) -> int:
        """Place of a point from 1, the highest value first, ties by id."""
        rank = 1
        for part, column in zip(self._partitions, self.columns(), strict=True):
            rank += int((column.value > value).sum())
            ties = np.flatnonzero(column.value == value).tolist()
            rank += sum(part.corpus.ids[row] < name for row in ties)
        return rank

    def ranked(self, limit: int, *, descending: bool) -> list[Ranked]:
        """Return the ``limit`` points of highest or lowest value, ties by id."""
        columns = self.columns()
        values = np.concatenate([column.value for column in columns])
        limit, sign = min(limit, len(values)), -1.0 if descending else 1.0
        if not limit:
            return []
        keys = sign * values
        boundary = np.partition(keys, limit - 1)[limit - 1]
        ends = np.cumsum([len(column.value) for column in columns])
        chosen: list[tuple[str, PartitionView, Worth]] = []
        for position in np.flatnonzero(keys <= boundary).tolist():
            place = int(np.searchsorted(ends, position, side="right"))
            part, column = self._partitions[place], columns[place]
            row = position - int(ends[place]) + len(column.value)
            worth = Worth(float(column.value[row]), float(column.error[row]))
            chosen.append((part.corpus.ids[row], part, worth))
        chosen.sort(key=lambda entry: entry[0], reverse=not descending)
        chosen.sort(key=lambda entry: entry[2].value, reverse=descending)
        ranks = range(1, limit + 1) if descending else range(len(values), 0, -1)
        return [
            Ranked(rank, part, name, worth)
            for rank, (name, part, worth) in zip(ranks, chosen[:limit], strict=False)
        ]

    @cached_property
    def coalitions(self) -> list[tuple[Worth, PartitionView, Leaf | Node]]:
        """All leaves and nodes with their values."""
        return [
            (self.coalition(partition, member), partition, member)
            for partition in self._partitions
            for family in (partition.stored.state.nodes, partition.stored.state.leaves)
            for member in family.values()
        ]

    @cached_property
    def payouts(self) -> list[Payout]:
        """What each provider's points are worth, highest value first, then by name.

        Standard errors are conservative: the same evaluators judge all points of a leaf, so there
        absolute errors are added; leaves have none in common, so across them squares are.
        """
        counts: dict[str | None, int] = {}
        parts: dict[str | None, list[Floats]] = {}
        variances: dict[str | None, list[float]] = {}
        for partition, column in zip(self._partitions, self.columns(), strict=True):
            names, codes = partition.providers
            variance = _variances(codes, len(names), partition.corpus.leaves, column.error)
            order = np.argsort(codes, kind="stable")
            stops = np.cumsum(np.bincount(codes, minlength=len(names)))
            groups = np.split(column.value[order], stops[:-1]) if names else []
            for name, group, squared in zip(names, groups, variance.tolist(), strict=True):
                counts[name] = counts.get(name, 0) + len(group)
                parts.setdefault(name, []).append(group)
                variances.setdefault(name, []).append(squared)
        payouts = [
            Payout(
                name,
                counts[name],
                math.fsum(value for group in parts[name] for value in group.tolist()),
                math.sqrt(math.fsum(variances[name])),
            )
            for name in parts
        ]
        return sorted(payouts, key=lambda payout: (-payout.value, payout.provider or ""))


def _variances(
    codes: npt.NDArray[np.int64], providers: int, leaves: npt.NDArray[np.int64], errors: Floats
) -> Floats:
    """Σ over leaves of (Σ over a provider's points there of the error)², (providers,)."""
    if not providers:
        return np.zeros(0)
    _, places = np.unique(leaves, return_inverse=True)
    cells, cell_of = np.unique(places * providers + codes, return_inverse=True)
    sums = np.bincount(cell_of, weights=errors, minlength=len(cells))
    variances = np.zeros(providers)
    np.add.at(variances, cells % providers, sums * sums)
    return variances
