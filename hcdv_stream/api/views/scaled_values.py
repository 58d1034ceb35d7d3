"""The values of some partitions as parts of one corpus.

A partition is a coalition of the whole: with n_p of n examples, v(D) = Σ_p (n_p/n)·v_p(D_p), a sum
of games without common players. So an example's value in the whole is n_p/n times its value in its
partition, and so are its standard error and every coalition's value. Nothing but n has to be known
of partitions that are elsewhere. Sums over examples are handed on exactly (``exact_sums``), so they
do not depend on how the examples are spread.
"""

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from threading import Lock
from typing import NamedTuple

import numpy as np

from hcdv_stream.api.views.exact_sums import exact_sum, exact_sums
from hcdv_stream.api.views.id_index import ExampleLocation
from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.valuation.arrays import Floats
from hcdv_stream.valuation.doubt.model import DOUBT_BITS
from hcdv_stream.valuation.doubt.packed import NO_DOUBT, doubts_in, units_in
from hcdv_stream.valuation.selection import PROBABLY_WRONG
from hcdv_stream.valuation.tree.coalition_ids import parse_id
from hcdv_stream.valuation.tree.leaf import Leaf, Node
from hcdv_stream.valuation.values import MappedValues, StateValues, ValueAndStderr, Values
from hcdv_stream.valuation.weights import Weights

_COALITION_BYTES, _PROVIDER_BYTES = 250, 600
"""About what one takes in a list that is kept."""


ProviderSum = tuple[int, tuple[float, ...], tuple[float, ...]]
"""What a provider's examples in these partitions are worth: how many they are, floats that add up
to Σ φ exactly, and a variance for each partition.

A plain tuple of numbers, as the garbage collector forgets those: it would go through 100,000
objects of a class again and again, while every thread waits.
"""


class DoubtSum(NamedTuple):
    """Of a provider's examples: how many have a doubt and how many one above 0.5.

    ``units`` is the sum of the doubts, a whole number of their units, so it adds up exactly.
    """

    doubted: int
    doubtful: int
    units: int

    @property
    def total(self) -> float:
        """The sum of the doubts: how many of the labels are wrong."""
        return math.ldexp(self.units, -DOUBT_BITS)

    @property
    def mean(self) -> float | None:
        """Mean doubt, None where nobody has one."""
        return self.total / self.doubted if self.doubted else None

    @property
    def doubtful_share(self) -> float | None:
        """The share of doubts above 0.5, None where nobody has one."""
        return self.doubtful / self.doubted if self.doubted else None


class ScaledValues:
    """Values under one choice of weights; columns are computed once, when first asked for.

    ``corpus_size`` is n, how many examples the corpus has of which these partitions are a part.
    Raises ValueError if the weights fit neither the classes nor the game.
    """

    def __init__(
        self, partitions: Sequence[PartitionView], weights: Weights | None, corpus_size: int
    ) -> None:
        self.weights = weights
        self.partitions = tuple(partitions)
        self._readings = [partition.corpus.state_values(weights) for partition in partitions]
        self._shares = [partition.size / max(corpus_size, 1) for partition in partitions]
        self._place = {part.number: place for place, part in enumerate(partitions)}
        self._lock = Lock()
        self._values: list[Floats] | None = None
        self._errors: list[Floats] | None = None

    def share(self, partition: PartitionView) -> float:
        """Return n_p/n."""
        return self._shares[self._place[partition.number]]

    def partition(self, number: int) -> PartitionView | None:
        """Return that partition, None if it is not one of these."""
        place = self._place.get(number)
        return None if place is None else self.partitions[place]

    def find(self, name: str) -> tuple[PartitionView, ExampleLocation] | None:
        """Return an example's partition and place, None if there is none of that id."""
        for partition in self.partitions:
            if found := partition.find(name):
                return partition, found
        return None

    def find_coalition(self, id: str) -> tuple[PartitionView, Leaf | Node] | None:
        """Return a coalition with its partition, None if there is none of that id."""
        parsed = parse_id(id)
        partition = parsed and self.partition(parsed.partition)
        if parsed is None or partition is None:
            return None
        state = partition.stored.state
        members = state.leaves if parsed.leaf else state.nodes
        coalition = members.get(parsed.number)
        return None if coalition is None else (partition, coalition)

    def example(self, partition: PartitionView, found: ExampleLocation) -> ValueAndStderr:
        """Value and standard error of one example, from its leaf alone."""
        values = self.leaf(partition, found.leaf)
        return ValueAndStderr(float(values.value[found.row]), float(values.stderr[found.row]))

    def leaf(self, partition: PartitionView, leaf: Leaf) -> Values:
        """Return the values of a leaf's examples: the same bits as in the columns."""
        place = self._place[partition.number]
        share = self._shares[place]
        return MappedValues(self._readings[place].leaf(leaf), lambda column: share * column)

    def coalition(self, partition: PartitionView, coalition: Leaf | Node) -> ValueAndStderr:
        """Value and standard error of a leaf or node."""
        place = self._place[partition.number]
        worth, share = self._readings[place].coalition(coalition), self._shares[place]
        return ValueAndStderr(share * worth.value, share * worth.stderr)

    def values(self) -> list[Floats]:
        """Values of all examples, by partition, in the order of its layout."""
        with self._lock:  # the first of many requests computes, the others wait for it
            if self._values is None:
                self._values = [
                    share * partition.values(reading) for share, partition, reading in self._parts()
                ]
            return self._values

    def errors(self) -> list[Floats]:
        """Return their standard errors."""
        with self._lock:
            if self._errors is None:
                self._errors = [
                    share * partition.errors(reading) for share, partition, reading in self._parts()
                ]
            return self._errors

    @property
    def held_bytes(self) -> int:
        """Bytes of what was computed so far, about."""
        kept = vars(self)
        columns = [*(self._values or ()), *(self._errors or ())]
        size = sum(int(column.nbytes) for column in columns)
        size += int(kept["ascending"].nbytes) if "ascending" in kept else 0
        size += _COALITION_BYTES * len(kept.get("coalitions", ()))
        names = ("providers", "squares", "doubts")
        kept_providers = sum(len(kept.get(name, ())) for name in names)
        return size + _PROVIDER_BYTES * kept_providers

    @cached_property
    def ascending(self) -> Floats:
        """All values, lowest first: for counting how many are higher than one."""
        return np.sort(np.concatenate(self.values()))

    @cached_property
    def sums(self) -> list[float]:
        """Floats that add up to Σ φ exactly."""
        return [each for values in self.values() for each in exact_sum(values)]

    def totals(self) -> list[float]:
        """Parts of v(D) − v(∅), one for each partition, reached without any Shapley value."""
        return [share * reading.total() for share, _, reading in self._parts()]

    @cached_property
    def coalitions(self) -> list[tuple[ValueAndStderr, PartitionView, Leaf | Node]]:
        """All leaves and nodes with their values."""
        return [
            (self.coalition(partition, member), partition, member)
            for partition in self.partitions
            for family in (partition.stored.state.nodes, partition.stored.state.leaves)
            for member in family.values()
        ]

    @cached_property
    def providers(self) -> dict[str | None, ProviderSum]:
        """What each provider's examples are worth.

        Variances are conservative: the same evaluators judge all examples of a leaf, so there
        absolute errors are added; leaves have none in common, so across them squares are.
        """
        found: dict[str | None, ProviderSum] = {}
        for partition, values, errors in zip(
            self.partitions, self.values(), self.errors(), strict=True
        ):
            table = partition.table
            count = len(table.providers)
            examples = np.bincount(table.provider, minlength=count).tolist()
            sums = exact_sums(values, table.provider, count)
            variances = _variances(partition, errors).tolist()
            for place, name in enumerate(table.providers):
                if examples[place]:
                    before, values_before, variances_before = found.get(name, (0, (), ()))
                    found[name] = (
                        before + examples[place],
                        (*values_before, *sums[place]),
                        (*variances_before, variances[place]),
                    )
        return found

    @cached_property
    def squares(self) -> dict[str | None, tuple[float, ...]]:
        """Floats that add up to Σφ² of each provider's examples exactly."""
        found: dict[str | None, tuple[float, ...]] = {}
        for partition, values in zip(self.partitions, self.values(), strict=True):
            table = partition.table
            sums = exact_sums(values * values, table.provider, len(table.providers))
            for name, parts in zip(table.providers, sums, strict=True):
                found[name] = (*found.get(name, ()), *parts)
        return found

    @cached_property
    def doubts(self) -> dict[str | None, tuple[int, int, int]]:
        """How much the labels of each provider's examples are doubted, as a ``DoubtSum`` has it.

        Plain tuples, as in ``ProviderSum``.
        """
        found: dict[str | None, tuple[int, int, int]] = {}
        for partition in self.partitions:
            table = partition.table
            columns = (
                table.doubts != NO_DOUBT,
                doubts_in(table.doubts) > PROBABLY_WRONG,
                units_in(table.doubts),
            )
            # Sums below 2^53 are exact: so are those of 2^33 doubts.
            sums = [
                np.bincount(table.provider, weights=column, minlength=len(table.providers))
                for column in columns
            ]
            counts = (each.astype(np.int64).tolist() for each in sums)
            for name, *more in zip(table.providers, *counts, strict=True):
                doubted, doubtful, units = found.get(name, (0, 0, 0))
                found[name] = (doubted + more[0], doubtful + more[1], units + more[2])
        return found

    @cached_property
    def arrivals(self) -> dict[str | None, tuple[int, int, int]]:
        """How many sessions, copies and foreign ids each provider has sent to these partitions."""
        found: dict[str | None, tuple[int, int, int]] = {}
        for partition in self.partitions:
            for one in partition.stored.state.providers.values():
                arrivals, copies, foreign = found.get(one.name, (0, 0, 0))
                found[one.name] = (
                    arrivals + one.arrivals,
                    copies + one.copies,
                    foreign + one.foreign,
                )
        return found

    def _parts(self) -> Iterator[tuple[float, PartitionView, StateValues]]:
        return zip(self._shares, self.partitions, self._readings, strict=True)


def _variances(partition: PartitionView, errors: Floats) -> Floats:
    """Σ over leaves of (Σ over a provider's examples there of the error)², (providers,)."""
    table, layout = partition.table, partition.layout
    providers = len(table.providers)
    variances = np.zeros(providers)
    if providers:
        places = layout.spread(np.arange(len(layout.leaves)))
        cells, cell_of = np.unique(places * providers + table.provider, return_inverse=True)
        sums = np.bincount(cell_of, weights=errors, minlength=len(cells))
        np.add.at(variances, cells % providers, sums * sums)
    return variances
