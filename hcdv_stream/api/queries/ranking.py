"""Places in the ranking of all points, read off columns of values without sorting the whole.

The order is total: by value, highest first, then by id; ``asc`` is its exact reverse.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from hcdv_stream.api.models.shards import Place, PointFilter
from hcdv_stream.api.queries.filters import mask
from hcdv_stream.api.views.columns import Integers
from hcdv_stream.api.views.id_index import Found
from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.api.views.scaled_values import Valuation
from hcdv_stream.valuation.arrays import Floats

_FEW = 16
"""So many places are counted one by one; for more, all values are sorted once."""


class Ranked(NamedTuple):
    """A point in a ranking."""

    partition: PartitionView
    found: Found
    value: float

    @property
    def id(self) -> str:
        """Its id."""
        return self.found.leaf.examples.ids[self.found.row]


class Page(NamedTuple):
    """Some points in order, and how many match at all."""

    points: list[Ranked]
    total: int


def page(
    valuation: Valuation, limit: int, *, descending: bool, after: Place | None, only: PointFilter
) -> Page:
    """Return the first ``limit`` points that match and come after a place."""
    sign, total = (-1.0 if descending else 1.0), 0
    candidates: list[Ranked] = []
    for partition, values in zip(valuation.partitions, valuation.values(), strict=True):
        kept = mask(only, valuation, partition, values)
        total += len(values) if kept is None else int(kept.sum())
        keys = sign * values
        if after is not None:
            behind = keys > sign * after.value
            for row in np.flatnonzero(values == after.value).tolist():
                name = _point(partition, values, row).id
                behind[row] = name > after.id if descending else name < after.id
            kept = behind if kept is None else kept & behind
        rows = None if kept is None else np.flatnonzero(kept)
        candidates += [_point(partition, values, row) for row in _first(keys, rows, limit).tolist()]
    candidates.sort(key=lambda point: point.id, reverse=not descending)
    candidates.sort(key=lambda point: point.value, reverse=descending)
    return Page(candidates[:limit], total)


def ahead(valuation: Valuation, places: Sequence[Place]) -> list[int]:
    """Return how many points have a better rank than each place."""
    return list(_ahead(valuation, places))


def _ahead(valuation: Valuation, places: Sequence[Place]) -> Iterator[int]:
    columns = valuation.values()
    ascending = valuation.ascending if len(places) > _FEW else None
    for place in places:
        if ascending is None:
            higher = sum(int((values > place.value).sum()) for values in columns)
            equal = sum(int((values == place.value).sum()) for values in columns)
        else:
            stop = int(np.searchsorted(ascending, place.value, side="right"))
            higher = len(ascending) - stop
            equal = stop - int(np.searchsorted(ascending, place.value, side="left"))
        yield higher + (_ties(valuation, place) if equal else 0)


def _ties(valuation: Valuation, place: Place) -> int:
    """Return how many points of just this value come before an id."""
    return sum(
        _point(partition, values, row).id < place.id
        for partition, values in zip(valuation.partitions, valuation.values(), strict=True)
        for row in np.flatnonzero(values == place.value).tolist()
    )


def _first(keys: Floats, rows: Integers | None, limit: int) -> Integers:
    """Return the rows of the lowest keys, with all that equal the last of them."""
    chosen = keys if rows is None else keys[rows]
    if len(chosen) > limit:
        boundary = np.partition(chosen, limit - 1)[limit - 1]
        places = np.flatnonzero(chosen <= boundary)
        return places if rows is None else rows[places]
    return np.arange(len(keys)) if rows is None else rows


def _point(partition: PartitionView, values: Floats, row: int) -> Ranked:
    return Ranked(partition, Found(*partition.layout.find(row)), float(values[row]))
