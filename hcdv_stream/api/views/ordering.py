"""Examples in the order of a column, read off it without sorting the whole.

The order is total: by the column, highest first, then by id; ``asc`` is its exact reverse.
"""

from typing import Literal, NamedTuple

import numpy as np

from hcdv_stream.api.models.answers import Model
from hcdv_stream.api.views.columns import Integers
from hcdv_stream.api.views.filters import ExampleFilter, mask
from hcdv_stream.api.views.id_index import ExampleLocation
from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.api.views.scaled_values import ScaledValues
from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.doubt.packed import doubts_in

Order = Literal["desc", "asc"]
Column = Literal["value", "doubt"]
"""By what examples are ordered; one without a doubt is in no order of doubts."""


class Place(Model):
    """An example's place in an order: examples of equal value or doubt are ordered by id."""

    value: float
    id: str


class Ordering(NamedTuple):
    """So many examples behind a place, in an order of theirs."""

    by: Column
    order: Order
    limit: int
    after: Place | None

    @property
    def descending(self) -> bool:
        """Whether the highest comes first."""
        return self.order == "desc"


class OrderedExample(NamedTuple):
    """An example with its place in the order."""

    key: float
    partition: PartitionView
    found: ExampleLocation


def first_examples(
    scaled: ScaledValues, ordering: Ordering, only: ExampleFilter
) -> tuple[list[OrderedExample], int]:
    """Return the first examples of those that match, in order, and how many match at all."""
    descending, limit = ordering.descending, ordering.limit
    total = 0
    found: list[OrderedExample] = []
    for partition, values in zip(scaled.partitions, scaled.values(), strict=True):
        column = values if ordering.by == "value" else doubts_in(partition.table.doubts)
        kept = mask(only, scaled, partition, values)
        if ordering.by == "doubt":
            there = ~np.isnan(column)
            kept = there if kept is None else kept & there
        total += len(column) if kept is None else int(kept.sum())
        keys = -column if descending else column
        if (after := ordering.after) is not None:
            behind = keys > (-after.value if descending else after.value)
            for row in np.flatnonzero(column == after.value).tolist():
                name = partition.locate(row).id
                behind[row] = name > after.id if descending else name < after.id
            kept = behind if kept is None else kept & behind
        rows = None if kept is None else np.flatnonzero(kept)
        found += [
            OrderedExample(float(column[row]), partition, partition.locate(row))
            for row in _first(keys, rows, limit).tolist()
        ]
    found.sort(key=lambda one: one.found.id, reverse=not descending)
    found.sort(key=lambda one: one.key, reverse=descending)
    return found[:limit], total


def _first(keys: Floats, rows: Integers | None, limit: int) -> Integers:
    """Return the rows of the lowest keys, with all that equal the last of them."""
    chosen = keys if rows is None else keys[rows]
    if len(chosen) > limit:
        boundary = np.partition(chosen, limit - 1)[limit - 1]
        places = np.flatnonzero(chosen <= boundary)
        return places if rows is None else rows[places]
    return np.arange(len(keys)) if rows is None else rows
