"""Which points a list is of: conditions as masks over a partition's columns."""

import numpy as np
import numpy.typing as npt

from hcdv_stream.api.models.shards import PointFilter
from hcdv_stream.api.queries.coalition_ids import find_coalition
from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.api.views.scaled_values import Valuation
from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.tree.navigation import leaves_below

Mask = npt.NDArray[np.bool_]


def mask(
    only: PointFilter, valuation: Valuation, partition: PartitionView, values: Floats
) -> Mask | None:
    """Return which of a partition's points meet every condition; None: all of them."""
    if only.all:
        return None
    table = partition.table
    kept = np.ones(len(values), np.bool_)
    if only.label is not None:
        classes = partition.identity.classes
        kept &= table.label == (classes.index(only.label) if only.label in classes else -1)
    if only.anonymous or only.provider is not None:
        name = None if only.anonymous else only.provider
        named = table.providers
        kept &= table.provider == (named.index(name) if name in named else -1)
    if only.coalition is not None:
        kept &= _under(only.coalition, valuation, partition)
    for least, most, column in (
        (only.min_value, only.max_value, values),
        (only.since, only.until, table.time),
    ):
        if least is not None:
            kept &= column >= least
        if most is not None:
            kept &= column <= most
    return kept


def _under(name: str, valuation: Valuation, partition: PartitionView) -> Mask:
    layout = partition.layout
    inside = np.isin(layout.leaves, _leaves(name, valuation, partition))
    return np.repeat(inside, layout.sizes)


def _leaves(name: str, valuation: Valuation, partition: PartitionView) -> list[int]:
    """Return the leaves of a partition that belong to a coalition."""
    found = find_coalition(valuation, name)
    if found is None or found[0] is not partition:
        return []
    return leaves_below(partition.stored.state.nodes, found[1])
