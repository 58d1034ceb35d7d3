"""The updates whose views are kept: when each was written, and how soon after it came."""

from collections.abc import Sequence

from hcdv_stream.api.models.answers import Model
from hcdv_stream.api.models.live_page import Written
from hcdv_stream.api.queries.query import CorpusQuery, NoParameters, ShardContext, short


class UpdatesShardAnswer(Model):
    """The updates of some partitions that are kept."""

    updates: list[Written]


def _answer(context: ShardContext, _: NoParameters) -> UpdatesShardAnswer:
    found: dict[tuple[int, float], Written] = {}
    for view in context.kept.history():
        for partition in view.copies:
            position = partition.position
            if partition.number in context.numbers:
                found[partition.number, position.written_at] = Written(
                    partition=partition.number,
                    written_at=position.written_at,
                    latency=position.latency,
                    examples=partition.size,
                )
    return UpdatesShardAnswer(updates=list(found.values()))


def _merge(answers: Sequence[UpdatesShardAnswer], _: NoParameters) -> list[Written]:
    """Return the updates, oldest first."""
    found = [update for answer in answers for update in answer.updates]
    return sorted(found, key=lambda update: (update.written_at, update.partition))


UPDATES = CorpusQuery(
    name="updates",
    parameters=NoParameters,
    shard_answer=UpdatesShardAnswer,
    answer=_answer,
    merge=_merge,
    executor=short,
)
