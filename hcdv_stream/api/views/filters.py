"""Which examples a list is of: conditions as masks over a partition's columns."""

import numpy as np
import numpy.typing as npt

from hcdv_stream.api.models.answers import Model
from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.api.views.scaled_values import ScaledValues
from hcdv_stream.bundle.labels import class_named
from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.doubt.packed import doubts_in
from hcdv_stream.valuation.tree.leaf import Leaf, Node

Mask = npt.NDArray[np.bool_]


class ExampleFilter(Model):
    """Which examples are meant: those that meet every condition that is not None."""

    provider: str | None = None
    anonymous: bool = False
    label: str | None = None
    coalition: str | None = None
    min_value: float | None = None
    max_value: float | None = None
    since: float | None = None
    until: float | None = None
    doubt_above: float | None = None

    @property
    def all(self) -> bool:
        """Whether it lets every example through."""
        return self == _EVERYTHING


_EVERYTHING = ExampleFilter()


def mask(
    only: ExampleFilter, scaled: ScaledValues, partition: PartitionView, values: Floats
) -> Mask | None:
    """Return which of a partition's examples meet every condition; None: all of them."""
    if only.all:
        return None
    table = partition.table
    kept = np.ones(len(values), np.bool_)
    if only.label is not None:
        kept &= table.label == class_named(only.label, partition.identity.classes)
    if only.anonymous or only.provider is not None:
        name = None if only.anonymous else only.provider
        named = table.providers
        kept &= table.provider == (named.index(name) if name in named else -1)
    if only.coalition is not None:
        kept &= _under(only.coalition, scaled, partition)
    for least, most, column in (
        (only.min_value, only.max_value, values),
        (only.since, only.until, table.time),
    ):
        if least is not None:
            kept &= column >= least
        if most is not None:
            kept &= column <= most
    if only.doubt_above is not None:
        kept &= doubts_in(table.doubts) > only.doubt_above
    return kept


def _under(name: str, scaled: ScaledValues, partition: PartitionView) -> Mask:
    layout = partition.layout
    inside = np.isin(layout.leaves, _leaves(name, scaled, partition))
    return np.repeat(inside, layout.sizes)


def _leaves(name: str, scaled: ScaledValues, partition: PartitionView) -> list[int]:
    """Return the leaves of a partition that belong to a coalition."""
    found = scaled.find_coalition(name)
    if found is None or found[0] is not partition:
        return []
    nodes = partition.stored.state.nodes
    leaves: list[int] = []
    waiting: list[Leaf | Node] = [found[1]]
    while waiting:
        coalition = waiting.pop()
        if isinstance(coalition, Leaf):
            leaves.append(coalition.id)
        elif coalition.height == 1:
            leaves += coalition.children
        else:
            waiting += [nodes[child] for child in coalition.children]
    return leaves
