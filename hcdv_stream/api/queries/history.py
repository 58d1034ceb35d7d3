"""What points were worth, read from the views that are kept."""

from hcdv_stream.api.models.shards import (
    CoalitionAsked,
    HistoryPart,
    HistoryPoint,
    Size,
    SizesPart,
)
from hcdv_stream.api.views.kept_views import KeptViews
from hcdv_stream.valuation.tree.coalition_ids import leaf_id
from hcdv_stream.valuation.weights import Weights

Numbers = frozenset[int]


def point_history(
    kept: KeptViews, numbers: Numbers, weights: Weights | None, asked: CoalitionAsked
) -> HistoryPart:
    """Return what a point was worth in its partition in each view that has it."""
    entries, views = [], kept.history()
    for view in views:
        mine = [part for part in view.copies if part.number in numbers]
        partition, place = next(
            ((part, found) for part in mine if (found := part.find(asked.id))), (None, None)
        )
        if partition is None or place is None:
            continue
        position = partition.position
        reading = partition.corpus.reading(weights).leaf(place.leaf)
        entries.append(
            HistoryPoint(
                view_at=view.written_at,
                written_at=position.written_at,
                update=partition.stored.state.header.updates,
                offset=position.next_offset,
                event_time=position.event_time,
                points=partition.size,
                value=float(reading.value[place.row]),
                stderr=float(reading.error[place.row]),
                leaf=leaf_id(partition.number, place.leaf.id),
            )
        )
    return HistoryPart(entries=entries, reach=views[0].written_at if views else None)


def sizes(kept: KeptViews, numbers: Numbers) -> SizesPart:
    """Return how many points the partitions had in each view."""
    return SizesPart(
        sizes=[
            Size(
                written_at=view.written_at,
                points=sum(part.size for part in view.copies if part.number in numbers),
            )
            for view in kept.history()
        ]
    )
