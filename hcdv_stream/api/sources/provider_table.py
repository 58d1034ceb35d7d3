"""All providers of a corpus in one table: put together from the shards, once for a state."""

import math
from typing import NamedTuple

import numpy as np

from hcdv_stream.api.models.shards import ProviderPart


class Total(NamedTuple):
    """What a provider's points are worth together."""

    provider: str | None
    points: int
    value: float
    stderr: float
    arrivals: int
    copies: int
    foreign: int


class ProviderTable(NamedTuple):
    """Providers, highest value first, then by name; ``value`` is the sum over all."""

    totals: list[Total]
    value: float


class ProviderSums:
    """Adds up what shards say, part by part."""

    def __init__(self) -> None:
        self._points: dict[str | None, int] = {}
        self._values: dict[str | None, list[float]] = {}
        self._variances: dict[str | None, list[float]] = {}
        self._arrivals: dict[str | None, tuple[int, int, int]] = {}

    def add(self, parts: list[ProviderPart]) -> None:
        """Take in some providers of a shard."""
        for one in parts:
            self._points[one.provider] = self._points.get(one.provider, 0) + one.points
            self._values.setdefault(one.provider, []).extend(one.values)
            self._variances.setdefault(one.provider, []).extend(one.variances)
            arrivals, copies, foreign = self._arrivals.get(one.provider, (0, 0, 0))
            self._arrivals[one.provider] = (
                arrivals + one.arrivals,
                copies + one.copies,
                foreign + one.foreign,
            )

    def table(self) -> ProviderTable:
        """Return the table of all."""
        totals = [
            Total(
                name,
                points,
                math.fsum(self._values[name]),
                math.sqrt(math.fsum(self._variances[name])),
                *self._arrivals[name],
            )
            for name, points in self._points.items()
        ]
        value = math.fsum(value for parts in self._values.values() for value in parts)
        return ProviderTable(_sorted(totals), value)


def _sorted(totals: list[Total]) -> list[Total]:
    """Sort by value in numpy, which lets other threads run, and equal values by name."""
    values = np.array([total.value for total in totals])
    order = np.argsort(-values, kind="stable")
    ties = np.flatnonzero(np.diff(values[order]) == 0)
    for run in np.split(ties, np.flatnonzero(np.diff(ties) > 1) + 1) if len(ties) else ():
        tied = slice(int(run[0]), int(run[-1]) + 2)
        order[tied] = sorted(order[tied].tolist(), key=lambda row: _name_order(totals[row]))
    return [totals[row] for row in order.tolist()]


def _name_order(total: Total) -> tuple[bool, str]:
    return total.provider is not None, total.provider or ""
