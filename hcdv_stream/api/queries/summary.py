"""The whole corpus in numbers."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from hcdv_stream.api.models.summary import Counters, DivergenceAlarm, PartitionSummary
from hcdv_stream.api.queries.query import CorpusQuery, NoParameters, ShardContext, ShardScope
from hcdv_stream.api.queries.without_evaluators import classes_without_evaluators
from hcdv_stream.api.views.partition_view import PartitionView
from hcdv_stream.api.views.scaled_values import ScaledValues
from hcdv_stream.valuation.drift.validation_age import newest_evaluator
from hcdv_stream.valuation.tree.coalition_ids import node_id


class SummaryShardAnswer(Counters):
    """Some partitions in numbers that add up; ``values`` and ``totals`` do so exactly."""

    leaves: int
    nodes: int
    classes: list[int]
    values: list[float]
    totals: list[float]
    partitions: list[PartitionSummary]


class CorpusSummary(NamedTuple):
    """The numbers of the corpus; ``classes`` counts examples by class.

    ``value`` is Σ φ, ``total`` is v(D) − v(∅), computed apart from the values.
    """

    leaves: int
    nodes: int
    classes: list[int]
    value: float
    total: float
    partitions: list[PartitionSummary]
    counters: Mapping[str, int]


def _answer(context: ShardContext, _: NoParameters) -> SummaryShardAnswer:
    scaled = context.values
    partitions = scaled.partitions
    headers = [partition.stored.state.header for partition in partitions]
    counters = {
        name: sum(getattr(header, name) for header in headers) for name in Counters.model_fields
    }
    classes = np.sum([partition.corpus.whole.counts for partition in partitions], axis=0)
    return SummaryShardAnswer(
        leaves=sum(len(partition.stored.state.leaves) for partition in partitions),
        nodes=sum(len(partition.stored.state.nodes) for partition in partitions),
        classes=classes.tolist(),
        values=scaled.sums,
        totals=scaled.totals(),
        partitions=[_partition(scaled, partition) for partition in partitions],
        **counters,
    )


def _partition(scaled: ScaledValues, partition: PartitionView) -> PartitionSummary:
    state, position = partition.stored.state, partition.position
    root = state.nodes[state.header.root]
    return PartitionSummary(
        partition=partition.number,
        root=node_id(partition.number, root.id),
        examples=partition.size,
        leaves=len(state.leaves),
        share=scaled.share(partition),
        value=scaled.coalition(partition, root).value,
        updates=state.header.updates,
        next_offset=position.next_offset,
        begins_at=partition.begins_at,
        complete=partition.complete,
        written_at=position.written_at,
        evaluators=partition.corpus.trusted.tolist(),
        evaluators_joined=state.drift.joined,
        evaluators_retired=state.drift.retired,
        newest_evaluator=newest_evaluator(state),
        without_evaluators=classes_without_evaluators(partition),
        diverging=_diverging(partition),
    )


def _diverging(partition: PartitionView) -> list[DivergenceAlarm]:
    classes = partition.identity.classes
    return [
        DivergenceAlarm(
            partition=partition.number,
            label=None if label is None else classes[label],
            provider=provider,
            since=since,
        )
        for label, provider, since in partition.stored.state.drift.diverging
    ]


def _plausible(_: NoParameters, answer: SummaryShardAnswer, scope: ShardScope) -> bool:
    named = [partition.partition for partition in answer.partitions]
    return len(answer.classes) == scope.classes and sorted(named) == sorted(scope.numbers)


def _merge(answers: Sequence[SummaryShardAnswer], _: NoParameters) -> CorpusSummary:
    return CorpusSummary(
        leaves=sum(answer.leaves for answer in answers),
        nodes=sum(answer.nodes for answer in answers),
        classes=[sum(counts) for counts in zip(*(one.classes for one in answers), strict=True)],
        value=math.fsum(value for answer in answers for value in answer.values),
        total=math.fsum(total for answer in answers for total in answer.totals),
        partitions=sorted(
            (partition for answer in answers for partition in answer.partitions),
            key=lambda partition: partition.partition,
        ),
        counters={
            name: sum(getattr(answer, name) for answer in answers) for name in Counters.model_fields
        },
    )


SUMMARY = CorpusQuery(
    name="summary",
    parameters=NoParameters,
    shard_answer=SummaryShardAnswer,
    answer=_answer,
    merge=_merge,
    plausible=_plausible,
)
