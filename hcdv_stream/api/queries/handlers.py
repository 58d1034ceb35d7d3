"""What a valuation of some partitions answers to each question that a shard can be asked."""

import heapq
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

import numpy as np

from hcdv_stream.api.models.answers import Counters, PartitionSummary
from hcdv_stream.api.models.shards import (
    AHEAD,
    COALITION,
    COALITIONS,
    EXTREMES,
    FIND,
    POINTS,
    PROVIDERS,
    ROWS,
    SPREAD,
    SUMMARY,
    TREE,
    WHY,
    Ahead,
    AheadPart,
    CoalitionAsked,
    CoalitionPart,
    CoalitionsPage,
    CoalitionsPart,
    Find,
    FoundPoints,
    Kind,
    Nothing,
    PointsPage,
    PointsPart,
    ProviderPart,
    ProvidersAsked,
    ProvidersPart,
    SummaryPart,
)
from hcdv_stream.api.queries import live_page, ranking
from hcdv_stream.api.queries.arrow_rows import rows
from hcdv_stream.api.queries.coalition_ids import find_coalition
from hcdv_stream.api.queries.describe import coalition_of, detail_of, point_of
from hcdv_stream.api.queries.explain import why
from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.api.views.scaled_values import Valuation
from hcdv_stream.valuation.tree.coalition_ids import node_id
from hcdv_stream.valuation.tree.leaf import Leaf, Node
from hcdv_stream.valuation.tree.tree import ROOT_PARENT
from hcdv_stream.valuation.values import Worth

_Entry = tuple[Worth, PartitionView, Leaf | Node]


def _find(valuation: Valuation, asked: Find) -> FoundPoints:
    places = (valuation.find(name) for name in dict.fromkeys(asked.ids))
    points = [point_of(valuation, *place) for place in places if place]
    return FoundPoints.model_construct(points=points)


def _points(valuation: Valuation, asked: PointsPage) -> PointsPart:
    page = ranking.page(
        valuation,
        asked.limit,
        descending=asked.order == "desc",
        after=asked.after,
        only=asked.only,
    )
    points = [point_of(valuation, each.partition, each.found) for each in page.points]
    return PointsPart.model_construct(points=points, total=page.total)


def _ahead(valuation: Valuation, asked: Ahead) -> AheadPart:
    return AheadPart(counts=ranking.ahead(valuation, asked.places))


def _coalitions(valuation: Valuation, asked: CoalitionsPage) -> CoalitionsPart:
    matching = [
        entry
        for entry in valuation.coalitions
        if asked.partition in {None, entry[1].number} and _is(entry[2], asked.kind)
    ]
    behind = matching
    if (after := asked.after) is not None:
        place = (-after.value, after.partition, after.number, after.leaf)
        behind = [entry for entry in matching if coalition_place(*entry) > place]
    best = heapq.nsmallest(asked.limit, behind, key=lambda entry: coalition_place(*entry))
    return CoalitionsPart(coalitions=[coalition_of(*entry) for entry in best], total=len(matching))


def coalition_place(
    worth: Worth, partition: PartitionView, coalition: Leaf | Node
) -> tuple[float, int, int, bool]:
    """Where a coalition stands in the list: lower comes first."""
    return -worth.value, partition.number, coalition.id, isinstance(coalition, Leaf)


def _coalition(valuation: Valuation, asked: CoalitionAsked) -> CoalitionPart:
    found = find_coalition(valuation, asked.id)
    if found is None:
        return CoalitionPart(coalition=None)
    return CoalitionPart(coalition=detail_of(valuation.coalition(*found), *found))


def _providers(valuation: Valuation, asked: ProvidersAsked) -> ProvidersPart:
    everybody = valuation.providers
    stop, counts = asked.start + asked.limit, valuation.arrivals
    nothing = (0, 0, 0)
    return ProvidersPart.model_construct(
        providers=[
            ProviderPart.model_construct(
                provider=name,
                points=one.points,
                values=one.values,
                variances=one.variances,
                arrivals=counts.get(name, nothing)[0],
                copies=counts.get(name, nothing)[1],
                foreign=counts.get(name, nothing)[2],
            )
            for name, one in islice(everybody.items(), asked.start, stop)
        ],
        next=stop if stop < len(everybody) else None,
    )


def _summary(valuation: Valuation, asked: Nothing) -> SummaryPart:
    parts = valuation.partitions
    headers = [part.stored.state.header for part in parts]
    counters = {
        name: sum(getattr(header, name) for header in headers) for name in Counters.model_fields
    }
    classes = np.sum([part.corpus.whole.points for part in parts], axis=0)
    return SummaryPart(
        leaves=sum(len(part.stored.state.leaves) for part in parts),
        nodes=sum(len(part.stored.state.nodes) for part in parts),
        classes=classes.tolist(),
        values=valuation.sums,
        totals=valuation.totals(),
        partitions=[_partition(valuation, part) for part in parts],
        **counters,
    )


def _partition(valuation: Valuation, partition: PartitionView) -> PartitionSummary:
    state, position = partition.stored.state, partition.position
    root = state.nodes[state.header.root]
    return PartitionSummary(
        partition=partition.number,
        root=node_id(partition.number, root.id),
        points=partition.size,
        leaves=len(state.leaves),
        share=valuation.share(partition),
        value=valuation.coalition(partition, root).value,
        updates=state.header.updates,
        next_offset=position.next_offset,
        begins_at=partition.begins_at,
        complete=partition.complete,
        written_at=position.written_at,
    )


def _is(coalition: Leaf | Node, kind: Kind | None) -> bool:
    if kind is None:
        return True
    if kind == "root":
        return coalition.parent == ROOT_PARENT
    return isinstance(coalition, Leaf) == (kind == "leaf")


ANSWERS: Mapping[str, Callable[[Valuation, Any], Any]] = {
    FIND.name: _find,
    POINTS.name: _points,
    AHEAD.name: _ahead,
    COALITIONS.name: _coalitions,
    COALITION.name: _coalition,
    PROVIDERS.name: _providers,
    SUMMARY.name: _summary,
    ROWS.name: rows,
    TREE.name: live_page.tree,
    EXTREMES.name: live_page.extremes,
    SPREAD.name: live_page.spread,
    WHY.name: why,
}
"""How each question about one view is answered, by its name."""
