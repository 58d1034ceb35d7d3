"""What an example was worth over time, read from the views that are kept."""

from collections.abc import Sequence

from hcdv_stream.api.models.answers import HistoryEntry, Model
from hcdv_stream.api.queries.query import (
    NoParameters,
    Shard,
    ShardContext,
    ShardQuery,
    ask_shards,
    short,
)
from hcdv_stream.valuation.tree.coalition_ids import leaf_id


class HistoryParameters(Model):
    """The example's id."""

    id: str


class PartitionHistoryEntry(Model):
    """What an example was worth in its own partition, of so many examples, in a kept view.

    ``view_at`` is when the view's newest update was written, ``written_at`` the partition's.
    """

    view_at: float
    written_at: float
    update: int
    offset: int
    event_time: float
    examples: int
    value: float
    stderr: float
    leaf: str


class HistoryShardAnswer(Model):
    """The kept states of an example, oldest first, and when the oldest of all was written."""

    entries: list[PartitionHistoryEntry]
    reach: float | None


class SizeEntry(Model):
    """How many examples some partitions had at a time."""

    written_at: float
    examples: int


class SizesShardAnswer(Model):
    """The sizes of the states that are kept, oldest first."""

    sizes: list[SizeEntry]


def _answer(context: ShardContext, parameters: HistoryParameters) -> HistoryShardAnswer:
    entries, views = [], context.kept.history()
    for view in views:
        mine = [part for part in view.copies if part.number in context.numbers]
        partition, place = next(
            ((part, found) for part in mine if (found := part.find(parameters.id))), (None, None)
        )
        if partition is None or place is None:
            continue
        position = partition.position
        values = partition.corpus.state_values(context.values.weights).leaf(place.leaf)
        entries.append(
            PartitionHistoryEntry(
                view_at=view.written_at,
                written_at=position.written_at,
                update=partition.stored.state.header.updates,
                offset=position.next_offset,
                event_time=position.event_time,
                examples=partition.size,
                value=float(values.value[place.row]),
                stderr=float(values.stderr[place.row]),
                leaf=leaf_id(partition.number, place.leaf.id),
            )
        )
    return HistoryShardAnswer(entries=entries, reach=views[0].written_at if views else None)


def _answer_sizes(context: ShardContext, _: NoParameters) -> SizesShardAnswer:
    return SizesShardAnswer(
        sizes=[
            SizeEntry(
                written_at=view.written_at,
                examples=sum(part.size for part in view.copies if part.number in context.numbers),
            )
            for view in context.kept.history()
        ]
    )


HISTORY = ShardQuery(
    name="history",
    parameters=HistoryParameters,
    shard_answer=HistoryShardAnswer,
    answer=_answer,
)
SIZES = ShardQuery(
    name="sizes",
    parameters=NoParameters,
    shard_answer=SizesShardAnswer,
    answer=_answer_sizes,
    executor=short,
)


async def example_history(
    shards: Sequence[Shard], id: str
) -> tuple[list[HistoryEntry], float | None]:
    """Return what an example was worth in the corpus of each time, and how far back that goes."""
    answers = await ask_shards(shards, HISTORY, HistoryParameters(id=id))
    sizes = [answer.sizes for answer in await ask_shards(shards, SIZES, NoParameters())]
    entries = [
        _entry(entry, sum(_size_at(each, entry.view_at) for each in sizes))
        for answer in answers
        for entry in answer.entries
    ]
    reaches = [answer.reach for answer in answers if answer.reach is not None]
    return sorted(entries, key=lambda entry: entry.written_at), max(reaches, default=None)


def _entry(entry: PartitionHistoryEntry, corpus_size: int) -> HistoryEntry:
    share = entry.examples / max(corpus_size, 1)
    return HistoryEntry(
        update=entry.update,
        offset=entry.offset,
        event_time=entry.event_time,
        written_at=entry.written_at,
        examples=corpus_size,
        value=share * entry.value,
        stderr=share * entry.stderr,
        leaf=entry.leaf,
    )


def _size_at(sizes: Sequence[SizeEntry], moment: float) -> int:
    """Return how many examples a shard had then, or at the earliest time that it knows of."""
    before = [size.examples for size in sizes if size.written_at <= moment]
    return before[-1] if before else sizes[0].examples if sizes else 0
