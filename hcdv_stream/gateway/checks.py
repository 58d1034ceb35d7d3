"""Whether what an API behind the gateway says can be an answer, before it is merged with others.

A wrong value cannot be told from a right one. What is checked is what merging relies on: that
numbers of partitions are numbers of partitions, and that an answer is to what was asked.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from hcdv_stream.api.models import shards
from hcdv_stream.api.models.answers import Model
from hcdv_stream.api.models.live_page import SpreadAsked, SpreadPart, TreeColumns, TreePart
from hcdv_stream.api.queries.arrow_rows import read
from hcdv_stream.gateway.questions import BadAnswerError

_SAME = "see that it is an API of the same version"


def check_view(state: shards.ViewState, topic: str, partitions: int) -> None:
    """Raise BadAnswerError where a state cannot be one of this topic's partitions."""
    if state.topic != topic:
        raise BadAnswerError(
            f"serves the topic {state.topic!r} and HCDV_TOPIC={topic}: name the same topic in both"
        )
    numbers = [part.number for part in state.partitions]
    if len(set(numbers)) < len(numbers):
        raise BadAnswerError(f"names a partition twice ({numbers}): {_SAME}")
    for part in state.partitions:
        if not 0 <= part.number < partitions:
            raise BadAnswerError(
                f"has partition {part.number} and HCDV_PARTITIONS={partitions}: set it to the "
                "topic's number of partitions"
            )
        if min(part.points, part.updates, part.next_offset) < 0:
            raise BadAnswerError(f"has a negative count in partition {part.number}: {_SAME}")
    if not numbers:
        raise BadAnswerError("has no partition: see that its worker runs")


def check_answer(
    operation: str, asked: Model, told: Model, classes: int, numbers: frozenset[int]
) -> None:
    """Raise BadAnswerError where an answer does not fit its question."""
    check = _CHECKS.get(operation)
    if check is not None and not check(asked, told, classes, numbers):
        raise BadAnswerError(f"answers another question than {operation!r}: {_SAME}")


def _find(asked: shards.Find, told: shards.FoundPoints, _: int, __: frozenset[int]) -> bool:
    return {point.id for point in told.points} <= set(asked.ids)


def _points(asked: shards.PointsPage, told: shards.PointsPart, _: int, __: frozenset[int]) -> bool:
    return len(told.points) <= min(asked.limit, told.total)


def _ahead(asked: shards.Ahead, told: shards.AheadPart, _: int, __: frozenset[int]) -> bool:
    return len(told.counts) == len(asked.places) and min(told.counts, default=0) >= 0


def _coalitions(
    asked: shards.CoalitionsPage, told: shards.CoalitionsPart, _: int, numbers: frozenset[int]
) -> bool:
    return len(told.coalitions) <= min(asked.limit, told.total) and all(
        one.partition in numbers for one in told.coalitions
    )


def _summary(_: Model, told: shards.SummaryPart, classes: int, numbers: frozenset[int]) -> bool:
    named = [part.partition for part in told.partitions]
    return len(told.classes) == classes and sorted(named) == sorted(numbers)


def _rows(asked: shards.RowsAsked, told: shards.RowsPart, _: int, __: frozenset[int]) -> bool:
    try:
        read(told.table)
    except (pa.ArrowException, StopIteration, OSError):
        return False
    return told.next is None or told.next > asked.leaf  # else it would never end


def _spread(asked: SpreadAsked, told: SpreadPart, classes: int, _: frozenset[int]) -> bool:
    bins = len(asked.edges) - 1
    ends = (told.below, told.above, told.negative)
    return (
        len(told.counts) == classes
        and all(len(each) == bins for each in told.counts)
        and all(len(each) == classes for each in ends)
    )


def _tree(_: Model, told: TreePart, classes: int, __: frozenset[int]) -> bool:
    columns = {name: getattr(told, name) for name in TreeColumns.model_fields}
    lists = [column for column in columns.values() if isinstance(column, list)]
    return len({len(column) for column in lists}) <= 1 and all(
        len(each) == classes for each in told.classes
    )


_CHECKS: Mapping[str, Callable[[Any, Any, int, frozenset[int]], bool]] = {
    shards.FIND.name: _find,
    shards.POINTS.name: _points,
    shards.AHEAD.name: _ahead,
    shards.COALITIONS.name: _coalitions,
    shards.SUMMARY.name: _summary,
    shards.ROWS.name: _rows,
    shards.SPREAD.name: _spread,
    shards.TREE.name: _tree,
}
