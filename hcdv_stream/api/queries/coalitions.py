"""A page of the coalitions, most valuable first."""

import heapq
from collections.abc import Sequence
from itertools import islice
from typing import Literal, NamedTuple

from hcdv_stream.api.models.answers import Model, ValuedCoalition
from hcdv_stream.api.queries.query import CorpusQuery, ShardContext, ShardScope
from hcdv_stream.api.views.descriptions import coalition_of
from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.valuation.tree.leaf import ROOT_PARENT, Leaf, Node
from hcdv_stream.valuation.values import ValueAndStderr

Kind = Literal["leaf", "node", "root"]


class CoalitionPlace(Model):
    """A coalition's place: equal values are ordered by partition, then by number."""

    value: float
    partition: int
    number: int
    leaf: bool


class CoalitionsParameters(Model):
    """So many coalitions of a kind or a partition behind a place."""

    kind: Kind | None = None
    partition: int | None = None
    limit: int
    after: CoalitionPlace | None = None


class CoalitionsShardAnswer(Model):
    """The first of the coalitions that match, in order, and how many match at all."""

    coalitions: list[ValuedCoalition]
    total: int


class CoalitionsPage(NamedTuple):
    """The same of the whole corpus."""

    coalitions: list[ValuedCoalition]
    total: int


def _answer(context: ShardContext, parameters: CoalitionsParameters) -> CoalitionsShardAnswer:
    matching = [
        entry
        for entry in context.values.coalitions
        if parameters.partition in {None, entry[1].number} and _is(entry[2], parameters.kind)
    ]
    behind = matching
    if (after := parameters.after) is not None:
        place = (-after.value, after.partition, after.number, after.leaf)
        behind = [entry for entry in matching if _place(*entry) > place]
    best = heapq.nsmallest(parameters.limit, behind, key=lambda entry: _place(*entry))
    return CoalitionsShardAnswer(
        coalitions=[coalition_of(*entry) for entry in best], total=len(matching)
    )


def _place(
    worth: ValueAndStderr, partition: PartitionView, coalition: Leaf | Node
) -> tuple[float, int, int, bool]:
    """Return where a coalition stands in the list: lower comes first."""
    return -worth.value, partition.number, coalition.id, isinstance(coalition, Leaf)


def _is(coalition: Leaf | Node, kind: Kind | None) -> bool:
    if kind is None:
        return True
    if kind == "root":
        return coalition.parent == ROOT_PARENT
    return isinstance(coalition, Leaf) == (kind == "leaf")


def _plausible(
    parameters: CoalitionsParameters, answer: CoalitionsShardAnswer, scope: ShardScope
) -> bool:
    return len(answer.coalitions) <= min(parameters.limit, answer.total) and all(
        one.partition in scope.numbers for one in answer.coalitions
    )


def _merge(
    answers: Sequence[CoalitionsShardAnswer], parameters: CoalitionsParameters
) -> CoalitionsPage:
    best = heapq.merge(
        *(answer.coalitions for answer in answers), key=lambda one: (-one.value, one.partition)
    )
    total = sum(answer.total for answer in answers)
    return CoalitionsPage(list(islice(best, parameters.limit)), total)


COALITIONS = CorpusQuery(
    name="coalitions",
    parameters=CoalitionsParameters,
    shard_answer=CoalitionsShardAnswer,
    answer=_answer,
    merge=_merge,
    plausible=_plausible,
)
